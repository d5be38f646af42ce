/** The icons, drawn on a 20 by 20 grid with one stroke. Always beside a name, never instead of one. */
const paths = {
  find: 'M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12Zm4.2-1.8L17 17',
  library: 'M4 3.5v13M7.5 3.5v13M11 4l4.5 12.2M3 16.5h6',
  jobs: 'M3 6h9M3 10h6M3 14h4M15 4v4m-2-2h4M14.5 12.5l1.5 1.5 2.5-3',
  settings: 'M3 6h7m4 0h3M3 14h3m4 0h7M12 4v4M8 12v4',
  plus: 'M10 4v12M4 10h12',
  close: 'm5 5 10 10M15 5 5 15',
  down: 'm6 8 4 4 4-4',
  up: 'm6 12 4-4 4 4',
  left: 'm12 5-5 5 5 5',
  right: 'm8 5 5 5-5 5',
  pause: 'M7 4.5v11M13 4.5v11',
  play: 'M6.5 4.5v11l9-5.5-9-5.5Z',
  lock: 'M5.5 9h9v7h-9V9ZM7.5 9V6.5a2.5 2.5 0 0 1 5 0V9',
  file: 'M5 3h6.5L15 6.5V17H5V3Zm6.5 0v3.5H15',
  folder: 'M3 5h5l1.5 2H17v9H3V5Z',
  note: 'M4 4h12v8l-4 4H4V4Zm12 8h-4v4M7 8h6M7 11h3',
  pdf: 'M5 3h6.5L15 6.5V17H5V3Zm2.5 7h5M7.5 13h5',
  tag: 'M3 4h6.5L17 11.5 11.5 17 3 9.5V4Zm3.5 3.2h.1',
  calendar: 'M4 5h12v11H4V5Zm0 4h12M7.5 3v3M12.5 3v3',
  more: 'M5 10h.1M10 10h.1M15 10h.1',
  quote: 'M4 6h4v4.5c0 2-1 3-3 3.5M11.5 6h4v4.5c0 2-1 3-3 3.5',
  open: 'M11 4h5v5M16 4l-7 7M13 11v5H4V7h5',
  warning: 'M10 3.5 17.5 16h-15L10 3.5Zm0 5v3.5m0 2.2v.1',
  check: 'm4.5 10.5 3.5 3.5 7.5-8',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l.8 10.5h7.4L14.5 6',
  minus: 'M4 10h12',
  fit: 'M3 7V4h14v3M3 13v3h14v-3M6 10h8m-8 0 2-2m-2 2 2 2m6-2-2-2m2 2-2 2',
  upload: 'M10 13V4m-3.5 3.5L10 4l3.5 3.5M4 13v3.5h12V13',
  download: 'M10 4v9m-3.5-3.5L10 13l3.5-3.5M4 14v2.5h12V14',
  sort: 'M6 4v12m-3-3 3 3 3-3M11 5h6M11 9h5M11 13h3',
  refresh: 'M15.5 7A6.5 6.5 0 1 0 16.5 11M16 3.5V7h-3.5',
  link: 'M8.5 11.5a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3L10.4 5.300M11.5 8.500a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1.100-1.100',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 20 20"
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' ? 2.6 : 1.6}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  )
}
