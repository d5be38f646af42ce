"""Gets the vocabulary and the table back out of the shipped models, so that training can go on from them. usage: recover.py <models folder> <work folder>
Writes pieces.model (the same pieces and scores) and shipped.npy (the table, rounded as it was shipped)."""
import json, sys
import numpy as np
from sentencepiece import sentencepiece_model_pb2 as proto
from layout import SPECIAL

models, work = sys.argv[1:3]
base = models + "/manifold-static-256"
vocabulary = json.load(open(base + "/tokenizer.json", encoding="utf-8"))["model"]["vocab"]
kind = proto.ModelProto.SentencePiece
model = proto.ModelProto()
for number, (piece, score) in enumerate(vocabulary):
    model.pieces.add(piece=piece, score=score, type=(kind.UNKNOWN, kind.CONTROL, kind.CONTROL)[number] if number < len(SPECIAL) else kind.NORMAL)
spec = model.trainer_spec
spec.model_type, spec.vocab_size, spec.unk_id, spec.pad_id, spec.eos_id, spec.bos_id = proto.TrainerSpec.UNIGRAM, len(vocabulary), 0, 1, 2, -1
spec.unk_piece, spec.pad_piece, spec.eos_piece = SPECIAL
spec.max_sentencepiece_length, spec.character_coverage = 12, 0.99996
model.normalizer_spec.name = "identity"
model.normalizer_spec.add_dummy_prefix = model.normalizer_spec.remove_extra_whitespaces = False
model.normalizer_spec.escape_whitespaces = True
open(work + "/pieces.model", "wb").write(model.SerializeToString())
raw = np.fromfile(base + "/onnx/pieces.bin", np.uint8)
count = len(vocabulary)
width = len(raw) // count - 4
table = raw[: count * width].view(np.int8).reshape(count, width).astype(np.float32) * raw[count * width :].view("<f4")[:, None]
np.save(work + "/shipped.npy", table)
print(count, "pieces,", width, "numbers each")
