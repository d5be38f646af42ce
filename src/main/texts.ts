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
}

export const texts = (): typeof en => (app.getLocale().toLowerCase().startsWith('zh') ? zh : en)
