"""Trains the SentencePiece vocabulary on the pairs' text. usage: vocabulary.py <raw pairs> <simplified pairs> <work folder>"""
import random, sys
import sentencepiece as spm
from sentencepiece import sentencepiece_model_pb2 as proto
from text import normalise, read_pairs

raw, simple, work = sys.argv[1:4]
PIECES, BUDGET = 48000, {"cn-laws": 6e6, "moj-law-zh": 1.5e6, "moj-law-en": 1.5e6, "moj-law-parallel": 3e6, "ms-d365-zh": 3e6, "ms-d365-xq": 0, "moj-law-xq": 0, "python-docs": 2.5e6, "openstax-ict": 0, "pingcap-docs-cn": 1.5e6}
DEFAULT = 8e6
random.seed(1)
by_source = {}
for traditional, simplified in zip(read_pairs(raw), read_pairs(simple)):
    a, b, _, source = simplified if random.random() < 0.8 else traditional  # Traditional characters keep their own pieces, but fewer
    by_source.setdefault(source, []).append((a, b))
written = 0
with open(work + "/vocabulary.txt", "w", encoding="utf-8") as out:
    for source, pairs in sorted(by_source.items()):
        random.shuffle(pairs)
        size, seen = 0, set()
        for a, b in pairs:
            for text in (a, b):
                if size > BUDGET.get(source, DEFAULT) or text in seen:
                    continue
                seen.add(text)
                text = normalise(text)
                size += len(text.encode())
                for i in range(0, len(text), 600):
                    out.write(text[i:i + 600] + "\n")
        written += size
        print(source, size, flush=True)
print("bytes", written, flush=True)
spm.SentencePieceTrainer.train(
    input=work + "/vocabulary.txt", model_prefix=work + "/pieces", model_type="unigram", vocab_size=PIECES, character_coverage=0.99996,
    normalization_rule_name="identity", add_dummy_prefix=False, remove_extra_whitespaces=False, max_sentence_length=4096, num_threads=2, input_sentence_size=0, shuffle_input_sentence=False,
    max_sentencepiece_length=12, unk_id=0, pad_id=1, eos_id=2, bos_id=-1, train_extremely_large_corpus=False)
# Scores on a grid of 1/64: sums are then exact in single and double precision, so every implementation finds the same best path.
model = proto.ModelProto()
model.ParseFromString(open(work + "/pieces.model", "rb").read())
for piece in model.pieces:
    if piece.type == proto.ModelProto.SentencePiece.NORMAL:
        piece.score = round(piece.score * 64) / 64
open(work + "/pieces.model", "wb").write(model.SerializeToString())
