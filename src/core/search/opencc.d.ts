/** The tables of opencc-js as it ships them: 'from to|from to|…'. */
declare module 'opencc-js/dict/*' {
  const table: string
  export default table
}
