"""Writes the model folders. usage: export.py <work folder> <models folder> static <table.npy> | rerank <checkpoint> <stretch checkpoint> [id scale bias] | context <checkpoint>"""
import os, sys
import numpy as np
import graphs, layout

BASE = "manifold-static-256"
# As the cards say.
SAID = {"languages": ["zh", "en"], "licence": "cc-by-sa-4.0"}


def static(work, models, table):
    vectors = np.load(f"{work}/{table}")
    rows, scale = layout.quantise(vectors)
    count, width = rows.shape
    graphs.write_pieces(f"{models}/{BASE}/onnx/pieces.bin", rows, scale)
    layout.write_json(f"{models}/{BASE}/tokenizer.json", layout.tokenizer(f"{work}/pieces.model"))
    for kept in (256, 128):
        folder = f"{models}/manifold-static-{kept}"
        shared = {} if kept == 256 else {"externalData": {"pieces.bin": f"{BASE}/onnx/pieces.bin"}, "tokenizer": BASE}
        layout.write_json(folder + "/config.json", {"model_type": "manifold-static", "architectures": ["ManifoldStatic"], "hidden_size": kept, "vocab_size": count,
                          "max_position_embeddings": 512, "pad_token_id": 1, "torch_dtype": "float32", "manifold": {"name": f"Manifold static {kept}", "type": "static", **SAID, **shared}})
        layout.write_json(folder + "/tokenizer_config.json", layout.TOKENIZER_CONFIG)
        layout.sentence_transformer(folder, kept)
        graphs.static(f"{folder}/onnx/model.onnx", count, width, kept)


def rerank(work, models, checkpoint, stretch, name="manifold-late-interaction", scale="1", bias="0"):
    import torch, torch.nn.functional as F
    state = {k: v.numpy() for k, v in torch.load(f"{work}/{checkpoint}").items()}
    folder = f"{models}/{name}"
    weight = F.softplus(torch.from_numpy(state["weight.weight"])).numpy().astype("<f4")
    os.makedirs(f"{folder}/onnx", exist_ok=True)
    idf = state["idf"].astype("<f4")[:, None]
    idf[:3] = 0
    letters = np.load(f"{work}/letters.npy")
    stretch = {"stretch." + k: v.numpy() for k, v in torch.load(f"{work}/{stretch}").items()}
    matter = stretch.pop("stretch.weight").astype("<f2")
    with open(f"{folder}/onnx/reranker.bin", "wb") as out:
        out.write(np.concatenate([weight, idf]).tobytes() + letters.tobytes() + matter.tobytes())
    graphs.reranker(f"{folder}/onnx/model.onnx", {**state, **stretch}, len(weight), 256)
    layout.write_json(folder + "/config.json", {"model_type": "manifold-rerank", "architectures": ["ManifoldRerank"], "num_labels": 1, "vocab_size": len(weight),
                      "max_position_embeddings": 512, "pad_token_id": 1, "type_vocab_size": 2, "torch_dtype": "float32",
                      "manifold": {"name": "Manifold late interaction", "type": "late-interaction", **SAID, "calibration": {"scale": float(scale), "bias": float(bias)},
                                   "externalData": {"pieces.bin": f"{BASE}/onnx/pieces.bin", "reranker.bin": f"{name}/onnx/reranker.bin"}, "tokenizer": BASE}})
    layout.write_json(folder + "/tokenizer_config.json", layout.TOKENIZER_CONFIG)


def context(work, models, checkpoint, kept=128, share=0.5):
    from encoder import WIDTH
    state = {k: v.astype(np.float32) for k, v in np.load(f"{work}/{checkpoint}.npz").items()}
    table = np.concatenate([np.load(f"{work}/{checkpoint}-table{half}.npy") for half in (0, 1)]).astype(np.float32)
    name = f"manifold-context-{WIDTH + kept}"
    folder = f"{models}/{name}"
    scale = np.abs(table).max(1) / 127
    graphs.write_pieces(f"{folder}/onnx/table.bin", np.rint(table / scale[:, None]).astype(np.int8), scale)
    graphs.context(f"{folder}/onnx/model.onnx", state, len(table), WIDTH, kept, share)
    layout.write_json(folder + "/config.json", {"model_type": "manifold-context", "architectures": ["ManifoldContext"], "hidden_size": WIDTH + kept, "vocab_size": len(table),
                      "max_position_embeddings": 512, "pad_token_id": 1, "torch_dtype": "float32",
                      "manifold": {"name": f"Manifold context {WIDTH + kept}", "type": "contextual embedding", **SAID,
                                   "externalData": {"pieces.bin": f"{BASE}/onnx/pieces.bin", "table.bin": f"{name}/onnx/table.bin"}, "tokenizer": BASE}})
    layout.write_json(folder + "/tokenizer_config.json", layout.TOKENIZER_CONFIG)
    layout.sentence_transformer(folder, WIDTH + kept)


if __name__ == "__main__":
    work, models, kind, *rest = sys.argv[1:]
    {"static": static, "rerank": rerank, "context": context}[kind](work, models, *rest)
