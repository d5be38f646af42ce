/** The look, as Mantine wants it: own colours, small radii, dense controls. Tokens the CSS uses stand in theme.css. */
import { createTheme, type MantineColorsTuple } from '@mantine/core'

const pine: MantineColorsTuple = [
  '#e9f4f2',
  '#d3e7e4',
  '#a6cfc9',
  '#75b4ac',
  '#4c9b92',
  '#2f857b',
  '#1f756b',
  '#1c655f',
  '#155049',
  '#0c3a35',
]

const slate: MantineColorsTuple = [
  '#e6e9ec',
  '#cfd4d9',
  '#a9b1ba',
  '#7f8994',
  '#59636e',
  '#3d454e',
  '#2b3138',
  '#22272d',
  '#1b1f24',
  '#14171b',
]

export const fontFamily = [
  '"Segoe UI Variable Text"',
  '"Segoe UI"',
  '-apple-system',
  'BlinkMacSystemFont',
  '"Noto Sans"',
  '"Open Sans"',
  '"PingFang SC"',
  '"Hiragino Sans GB"',
  '"Microsoft YaHei UI"',
  '"Microsoft YaHei"',
  '"Noto Sans CJK SC"',
  '"Noto Sans SC"',
  '"Source Han Sans SC"',
  '"WenQuanYi Micro Hei"',
  'sans-serif',
].join(', ')

export const theme = createTheme({
  primaryColor: 'pine',
  primaryShade: { light: 7, dark: 5 },
  colors: { pine, dark: slate },
  black: '#1d2126',
  fontFamily,
  fontFamilyMonospace:
    'ui-monospace, "Cascadia Mono", "SF Mono", Menlo, Consolas, "Noto Sans Mono CJK SC", "DejaVu Sans Mono", monospace',
  headings: { fontFamily, fontWeight: '600' },
  fontSizes: { xs: '0.75rem', sm: '0.8125rem', md: '0.875rem', lg: '1rem', xl: '1.125rem' },
  lineHeights: { xs: '1.4', sm: '1.45', md: '1.5', lg: '1.5', xl: '1.5' },
  radius: { xs: '3px', sm: '5px', md: '7px', lg: '10px', xl: '16px' },
  defaultRadius: 'sm',
  spacing: { xs: '0.375rem', sm: '0.625rem', md: '0.875rem', lg: '1.25rem', xl: '2rem' },
  focusRing: 'auto',
  cursorType: 'pointer',
  respectReducedMotion: true,
  components: {
    Button: { defaultProps: { size: 'xs' } },
    ActionIcon: { defaultProps: { variant: 'subtle', color: 'gray', size: 28 } },
    Tooltip: { defaultProps: { openDelay: 450, withArrow: false } },
    Modal: {
      defaultProps: { centered: true, overlayProps: { backgroundOpacity: 0.35, blur: 1 }, radius: 'md' },
    },
    Menu: { defaultProps: { shadow: 'md', offset: 4 } },
    Popover: { defaultProps: { shadow: 'md', offset: 4 } },
    TextInput: { defaultProps: { size: 'xs' } },
    Select: { defaultProps: { size: 'xs', allowDeselect: false } },
    NumberInput: { defaultProps: { size: 'xs' } },
    Checkbox: { defaultProps: { size: 'xs' } },
    // Mantine's own track is as light as a paused bar in the dark: nothing done looked like all done.
    Progress: { styles: { root: { backgroundColor: 'var(--meter-off)' } } },
    Switch: { defaultProps: { size: 'sm' } },
  },
})
