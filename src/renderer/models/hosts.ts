import type { Settings } from '../../shared/settings.ts'

const hosts = {
  huggingface: 'huggingface.co',
  'hf-mirror': 'hf-mirror.com',
  modelscope: 'modelscope.cn',
} as const

/** Whom a download asks, as a person reads it. */
export function hostOf({ modelSource, modelMirror }: Pick<Settings, 'modelSource' | 'modelMirror'>): string {
  if (modelSource !== 'custom') return hosts[modelSource]
  return URL.canParse(modelMirror) ? new URL(modelMirror).host : '?'
}
