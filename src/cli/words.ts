/** What the command line says, in Chinese and English. The window has its own words; the codes are shared. */
import type { DeviceReason } from '../shared/devices.ts'
import type { Reason, ReasonCode } from '../shared/document.ts'
import type { AppError, ErrorCode } from '../shared/errors.ts'
import type { modelWarnings } from '../shared/models.ts'

export type Language = 'en' | 'zh-CN'

export function languageOf(env: NodeJS.ProcessEnv): Language {
  const value = env.LC_ALL || env.LC_MESSAGES || env.LANG || ''
  return value.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}

const reasons: Record<Language, Record<ReasonCode, string>> = {
  en: {
    encrypted: 'needs a password',
    damaged: 'is damaged and cannot be read',
    'no-text': 'has no text layer: needs OCR',
    'partly-no-text': 'is partly read: {pagesWithoutText} of {pages} pages have no text',
    garbled: 'has a text layer that is garbled: needs OCR',
    empty: 'is empty',
    'too-large': 'is too large',
    unsupported: 'is of a kind that is not read; its name can be found',
    misnamed: 'is not what its name says',
    unreadable: 'cannot be read: no access',
    vanished: 'is no longer there',
    'online-only': 'is online only: download it first',
    timeout: 'took too long to read',
    'out-of-memory': 'needs too much memory to read',
    crashed: 'crashed the reader',
    'model-failed': 'could not be embedded',
    cancelled: 'was cancelled; retry brings it back',
  },
  'zh-CN': {
    encrypted: '需要密码',
    damaged: '已损坏，无法读取',
    'no-text': '没有文字层，需要先做 OCR',
    'partly-no-text': '只读到一部分：{pages} 页中有 {pagesWithoutText} 页没有文字',
    garbled: '文字层是乱码，需要先做 OCR',
    empty: '是空文件',
    'too-large': '太大',
    unsupported: '这种格式读不了，但可以按名称找到',
    misnamed: '内容与扩展名不符',
    unreadable: '没有权限读取',
    vanished: '文件已经不在了',
    'online-only': '只存在于云端，请先下载',
    timeout: '读取超时',
    'out-of-memory': '读取所需内存太大',
    crashed: '读取时程序崩溃',
    'model-failed': '无法生成向量',
    cancelled: '已取消，可以重试',
  },
}

const errors: Record<Language, Partial<Record<ErrorCode, string>>> = {
  en: {},
  'zh-CN': {
    'library-locked': '另一个 Manifold 正在使用这个资料库。',
    'library-newer': '这个资料库由更新版本的 Manifold 写入，未做任何改动。请先更新程序。',
    'library-remote': '资料库不能放在网络或云同步文件夹里，请换一个本机文件夹。',
    'library-damaged': '资料库文件已损坏，无法打开。',
    'disk-full': '磁盘已满，没有写入任何内容。',
    'not-found': '找不到指定的内容。',
    cancelled: '已停止。',
  },
}

/** Without the facts, as over a group of files, the sentence ends before them. */
export function reasonText(reason: Reason, language: Language): string {
  const sentence = reasons[language][reason.code]
  if (reason.code === 'partly-no-text' && reason.data.pages === undefined) {
    return language === 'zh-CN' ? '只读到一部分：有些页没有文字' : 'is partly read: some pages have no text'
  }
  return sentence.replace(/\{(\w+)\}/g, (_all, key: string) => String(reason.data[key] ?? '?'))
}

/** What was wrong with a model or a download, by `data.problem`; the English message says it itself. */
const chineseProblems: Record<string, string> = {
  network: '连不上下载源 {host}。请检查网络，或换一个下载源。',
  busy: '下载源 {host} 正忙或出了故障，请稍后再试。',
  gated: '下载源 {host} 要求登录才给这个模型。',
  missing: '下载源 {host} 上没有 {file}，请换一个下载源。',
  short: '与 {host} 的连接反复中断。已下载的部分保留，可以稍后继续。',
  hash: '从 {host} 得到的 {file} 与登记的校验值不符，没有保留。',
  size: '从 {host} 得到的 {file} 与登记的大小不符，没有保留。',
  'html-page': '{host} 返回的是网页，不是 {file}，没有保留。',
  'lfs-pointer': '{file} 只是 Git LFS 指针，不是真正的文件，没有保留。',
  redirect: '下载被引向不允许的地址，已停止。只跟随 https。',
  list: '{host} 返回的不是文件清单。',
  'pooling-unknown': '没有文件说明这个模型如何池化，请指定池化方式。',
  'missing-file': '模型缺少文件 {file}。',
  'zip-encrypted': '压缩包有密码，请先解压，再导入文件夹。',
  'zip-path': '压缩包里有指向别处的路径，没有解压。',
  'zip-link': '压缩包里有链接或特殊文件，没有解压。',
  'zip-bomb': '压缩包解开后会远大于它本身，没有解压。',
  'zip-entries': '压缩包里的文件太多，没有解压。',
  'zip-many': '压缩包里不止一个模型，请分别导入。',
  zip: '压缩包已损坏，或不是 zip 文件。',
}

export function errorText({ code, message, data }: AppError, language: Language): string {
  const problem = language === 'zh-CN' ? chineseProblems[String(data.problem)] : undefined
  if (problem) return problem.replace(/\{(\w+)\}/g, (_all, key: string) => String(data[key] ?? '?'))
  return errors[language][code] ?? message
}

const deviceReasons: Record<Language, Record<DeviceReason, string>> = {
  en: {
    'not-built': 'there is no support for it on this system',
    'not-bundled': 'the libraries it needs do not come with this program',
    'no-device': 'no such device, or no driver for it',
    'nothing-ran': 'everything ran on the CPU',
    'not-finite': 'it gives numbers that are none',
    differs: 'its numbers are not those of the CPU',
    slower: 'the CPU is faster',
    hung: 'it gave no answer',
    crashed: 'its driver crashed',
    refused: 'it crashed too often; test it to try again',
    failed: 'the model cannot be run on it',
    testing: 'being tried',
  },
  'zh-CN': {
    'not-built': '此系统上不支持',
    'not-bundled': '所需的库不随本程序提供',
    'no-device': '没有这种设备，或没有它的驱动',
    'nothing-ran': '实际全部在 CPU 上运行',
    'not-finite': '算出的数无效',
    differs: '结果与 CPU 不一致',
    slower: 'CPU 更快',
    hung: '没有响应',
    crashed: '驱动崩溃',
    refused: '崩溃次数过多，测试一次后才会再用',
    failed: '这个模型无法在它上面运行',
    testing: '正在测试',
  },
}

export const deviceReasonText = (reason: DeviceReason, language: Language): string =>
  deviceReasons[language][reason]

const warnings: Record<Language, Record<(typeof modelWarnings)[number], string>> = {
  en: {
    unverified: 'not tried by us',
    'non-commercial': 'not for commercial use',
    slow: 'slow without a GPU',
    'english-only': 'reads no Chinese',
  },
  'zh-CN': {
    unverified: '我们没有试过',
    'non-commercial': '不得商用',
    slow: '没有显卡时很慢',
    'english-only': '不识中文',
  },
}

export const warningText = (warning: (typeof modelWarnings)[number], language: Language): string =>
  warnings[language][warning]
