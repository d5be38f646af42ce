/** The few words the main process says itself, in the language of the system. */
import { app } from 'electron'

const en = {
  cannotOpenLibrary: 'Manifold cannot open this library',
  openLink: 'Open this link in your browser?',
  openLinkDetail: 'Manifold itself stays offline.',
  open: 'Open',
  cancel: 'Cancel',
  edit: 'Edit',
  view: 'View',
  window: 'Window',
  documents: 'Documents',
  model: 'Model (zip)',
  useMirror: 'Download models from this address?',
  useMirrorDetail:
    'It learns which models you ask for, and may be anyone’s. Nothing of your library is sent.',
  use: 'Use it',
}

const zh: typeof en = {
  cannotOpenLibrary: 'Manifold 无法打开这个资料库',
  openLink: '在浏览器中打开这个链接？',
  openLinkDetail: 'Manifold 本身不会联网。',
  open: '打开',
  cancel: '取消',
  edit: '编辑',
  view: '显示',
  window: '窗口',
  documents: '文档',
  model: '模型（zip）',
  useMirror: '从这个地址下载模型？',
  useMirrorDetail: '对方会知道你下载哪些模型，请确认地址可信。资料库的内容不会发送出去。',
  use: '使用',
}

export const texts = (): typeof en => (app.getLocale().toLowerCase().startsWith('zh') ? zh : en)
