"""Writes tokens.jsonl.gz: mixed lines with the ids SentencePiece itself gives them (after text.normalise), for the check of tokenizer.json.
usage: parity.py <pairs folder> <work folder> <out>"""
import gzip, json, random, sys
import sentencepiece as spm
from text import normalise, read_pairs

folder, work, out = sys.argv[1:4]
random.seed(11)
pieces = spm.SentencePieceProcessor(model_file=work + "/pieces.model")
lines = [random.choice((a, b))[:300] for a, b, _, _ in read_pairs(folder) if random.random() < 0.0034][:1800]
emoji = "😀 🎉 👩‍👩‍👧 🇨🇳 ❤️ 👍🏽 ✅ 🀄".split(" ")
code = ["const x = await fetch(`/api/${id}?q=a&b=1`)", "def f(self, *args, **kwargs) -> None: return x[1:-1]", "SELECT * FROM t WHERE a <> 'b' -- 注释", "#include <vector>\n\tint main() {}",
        "git commit -m \"修复 bug #123\"", "C:\\Users\\张三\\file.txt", "https://example.com/路径?x=1#top", "snake_case camelCase kebab-case", "if (a>=b && !c) { a += 0x1F; }", "λx. x+1 ≤ ∑ π²"]
wide = ["ＡＢＣ１２３，ｈｅｌｌｏ！", "ﾊﾛｰ･ﾜｰﾙﾄﾞ", "①②③㈱㌔ ½ ﬁ", "全角　空格　ｔｅｓｔ", "Ⅳ ℃ № ™", "é é ñ Ñ ß ẞ İ ı ς Σ"]
odd = ["", " ", "\t\n", "\u200b\u200d", "a\u00a0b\u3000c", "▁ ▁a", "안녕하세요 세계", "Привет, мир", "こんにちは世界", "नमस्ते", "مرحبا", "שלום", "ไทย", "𠮷野家 𪚥", "中\u200b文", "a" * 300, "中" * 300, "1234567890" * 10, "...!!!???", "\ufeffBOM"]
lines += odd + code + wide
while len(lines) < 2400:  # pieces of all kinds glued together, with and without spaces
    parts = [random.choice(random.choice((lines[:1800], emoji, code, wide)))[:random.randint(1, 20)] for _ in range(random.randint(2, 6))]
    lines.append(random.choice(("", " ", "，", "\n")).join(parts))
with gzip.open(out, "wt", encoding="utf-8") as file:
    for line in lines:
        file.write(json.dumps({"text": line, "ids": pieces.encode(normalise(line))}, ensure_ascii=False) + "\n")
print(len(lines))
