/**
 * What the self-test asks: a query, a text that answers it, and one that does not though it may share a word. Ordinary
 * things, so that every model that reads the language can tell; written for this test, taken from no data set. How the
 * built-in models and spoilt ones do is in docs/reproducibility.md.
 */

export interface SensePair {
  language: 'zh' | 'en' | 'cross'
  query: string
  related: string
  unrelated: string
}

const pair =
  (language: SensePair['language']) =>
  ([query, related, unrelated]: [string, string, string]): SensePair => ({
    language,
    query,
    related,
    unrelated,
  })

const zh: [string, string, string][] = [
  ['怎么退房租押金', '租期结束、房屋无损坏时，房东应当返还押金。', '煮米饭时水要没过米约一个指节。'],
  ['感冒发烧怎么办', '体温升高时多喝水、多休息，必要时服用退烧药。', '这款手机充电时机身会发热。'],
  ['如何学好英语口语', '每天大声朗读并与外国朋友交谈，可以提高说外语的能力。', '英国的天气常年多雨。'],
  ['电脑启动很慢', '关闭自启动的程序可以缩短系统启动的时间。', '公园的大门早上七点才开。'],
  ['手机怎样截图', '同时按下手机侧边按钮和音量键，即可保存屏幕图片。', '苹果和梨富含维生素，适合秋天吃。'],
  ['银行卡丢了', '请立即致电客服挂失，以免账户里的钱被盗刷。', '河岸边的柳树已经发芽。'],
  ['孩子不爱吃蔬菜', '把青菜切碎包进饺子里，小朋友更容易接受。', '孩子们在操场上踢足球。'],
  ['高铁票可以改签吗', '列车开车前，旅客可以在车站窗口更换其他车次。', '高速公路上请保持车距。'],
  ['数据库查询速度变慢', '给经常检索的字段建立索引，能加快读取。', '图书馆周一闭馆。'],
  ['公司年假有几天', '员工工作满一年后，每年可享受五天带薪休假。', '今年公司的销售额增长了一成。'],
  ['怎样照顾小狗', '每天遛狗，给宠物勤梳理毛，定期打疫苗。', '这条裤子洗后会掉色。'],
  ['怎样煎牛排', '平底锅烧热后放油，每面煎两分钟再静置片刻。', '牛奶要放在冰箱里保存。'],
]

const en: [string, string, string][] = [
  [
    'How do I get my rental deposit back?',
    'The landlord returns the deposit to the tenant when the lease ends.',
    'Rinse the rice twice before you cook it.',
  ],
  [
    'what to do about a fever',
    'Drink water, rest, and take medicine that lowers the temperature.',
    'The laptop gets hot while it is charging.',
  ],
  [
    'learn to speak a foreign language',
    'Talk with native speakers every day to become fluent.',
    'The old bridge was painted green last summer.',
  ],
  [
    'computer is slow to start',
    'Disable programs that run at boot to make the system faster.',
    'The train to the coast leaves at noon.',
  ],
  [
    'my credit card was stolen',
    'Call the bank and block the card at once, so that nobody can spend your money.',
    'He walks along the harbour every evening.',
  ],
  [
    'healthy food for children',
    'Kids need fruit and vegetables at every meal.',
    'The engine of the truck was repaired last week.',
  ],
  [
    'change a flight booking',
    'Passengers may rebook their ticket to another departure for a small fee.',
    'Historians dispute where the battle was fought.',
  ],
  [
    'why is my database query slow',
    'An index on the searched column makes reading rows much faster.',
    'The queue at the museum moved slowly.',
  ],
  [
    'how many vacation days do employees have',
    'Staff are entitled to twenty-five days of paid leave a year.',
    'The company sold fewer cars this year.',
  ],
  [
    'how to care for a dog',
    'Brush your pet regularly and take it for a walk every day.',
    'The factory behind the house makes furniture.',
  ],
  [
    'how to cook a steak',
    'Fry the meat in a hot pan on both sides, then let the steak rest.',
    'Cattle graze on the northern plains.',
  ],
  [
    'wildlife along the river',
    'Birds and fish live in the water and on the shore of the stream.',
    'The central bank raised its interest rates again.',
  ],
]

const cross: [string, string, string][] = [
  ['退租时押金怎么拿回来', 'The deposit is returned when the lease ends.', 'How to cook rice in a pot.'],
  [
    '发烧了应该怎么办',
    'Rest, drink water and take medicine against the fever.',
    'The museum is closed on Mondays.',
  ],
  [
    '怎样重置密码',
    'Click the link in the email to set a new password.',
    'The river overflowed after the rain.',
  ],
  ['数据库索引有什么用', 'An index makes database queries faster.', 'Children play football in the park.'],
  [
    '公司员工年假',
    'Employees are entitled to paid vacation every year.',
    'Dogs should be brushed every week.',
  ],
  ['如何煎牛排', 'Sear the beef in a hot pan on both sides.', 'Call the bank when your card is lost.'],
  ['how to apply for a visa', '申请签证需要护照、照片和申请表。', '这款相机的电池可以用两天。'],
  ['climate change and global warming', '全球气候变暖导致海平面上升。', '他在北京大学学习音乐。'],
  ['symptoms of diabetes', '糖尿病患者常感到口渴，血糖升高。', '火车票可以在网上购买。'],
  ['machine learning model training', '训练机器学习模型需要大量数据。', '这家餐厅的鱼很新鲜。'],
  ['refund of an online order', '网上购买的商品七天内可以申请退款。', '春天公园里开满了花。'],
  ['history of the Tang dynasty', '唐朝是中国历史上繁荣的朝代。', '请把空调的温度调低一些。'],
]

export const sensePairs: readonly SensePair[] = [
  ...zh.map(pair('zh')),
  ...en.map(pair('en')),
  ...cross.map(pair('cross')),
]
