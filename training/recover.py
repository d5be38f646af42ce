"""Gets what was trained back out of the shipped models, so that training can go on from them. usage: recover.py <models folder> <work folder>
Writes pieces.model (the same pieces and scores), shipped.npy (the table, rounded as it was shipped), shipped.pt (the reranker), stretch.pt (its stretches) and letters.npy."""
import json, sys
import numpy as np, onnx, torch
from onnx import numpy_helper
from sentencepiece import sentencepiece_model_pb2 as proto
from layout import SPECIAL
from stretch import SAME_KEPT

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

# The reranker: its matrices can be told by their shapes, and its two biases of 32 by their order.
graph = onnx.load(models + "/manifold-late-interaction/onnx/model.onnx", load_external_data=False).graph
arrays = [numpy_helper.to_array(t) for t in graph.initializer if not t.external_data and not t.name.startswith("stretch.")]
shaped = lambda *shape: [torch.from_numpy(a.copy()) for a in arrays if a.shape == shape and a.dtype == np.float32]
(window,), (piece1,), (piece2,), (pair1,), (last,) = shaped(384, 96), shaped(22, 32), shaped(32, 15), shaped(23, 32), shaped(1, 64)
bias1, bias3 = shaped(32)
raw = np.fromfile(models + "/manifold-late-interaction/onnx/reranker.bin", np.uint8)
weight, idf = (torch.from_numpy(raw[at : at + count * 4].view("<f4").copy()) for at in (0, count * 4))
np.save(work + "/letters.npy", raw[count * 8 : count * 72].view(np.int8).reshape(count, 64))
torch.save({"window.weight": window.T, "piece1.weight": piece1.T, "piece1.bias": bias1, "piece2.weight": piece2.T, "piece2.bias": shaped(15)[0], "pair1.weight": pair1.T, "pair1.bias": bias3,
            "pair2.weight": last[:, :32], "direct.weight": last[:, 32:55], "pair2.bias": shaped(1)[0], "weight.weight": torch.log(torch.expm1(weight))[:, None], "idf": idf}, work + "/shipped.pt")
named = {t.name.removeprefix("stretch."): torch.from_numpy(numpy_helper.to_array(t).astype(np.float32)) for t in graph.initializer if t.name.startswith("stretch.")}
share = torch.stack([named.pop(f"share.{i}") for i in range(4)])
named["same"] = named["same"] / SAME_KEPT
matter = torch.from_numpy(raw[count * 72 :].view("<f2").astype(np.float32))[:, None]  # what the layer `matter` gave, which is not shipped
torch.save({**{k: v.T if k.endswith(".weight") else v for k, v in named.items()}, "share": share, "weight": matter}, work + "/stretch.pt")
print("reranker recovered")
