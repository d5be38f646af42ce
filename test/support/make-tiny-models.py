"""Makes the tiny models of the tests, and what they should answer. usage: python3 test/support/make-tiny-models.py
Every expected number comes from PyTorch, every id from a tokenizer written here or from SentencePiece: nothing from the code under test.
Needs torch, onnx, sentencepiece; its small outputs are committed, so the tests need none of them."""
import io, json, os, struct
import numpy as np, sentencepiece as spm, torch
from onnx import TensorProto
from sentencepiece import sentencepiece_model_pb2 as proto
from tiny_graphs import *

# BERT-like, mean pooling in the old shape, with prompts.
folder = OUT + "/tiny-mean"
g = Graph(); g.save(folder + "/onnx/model.onnx", BERT, {"last_hidden_state": (encoder(g), ["batch", "tokens", WIDTH])})
write_tokenizer(folder); config(folder); old_pooling(folder, "mean_tokens")
modules(folder, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize"))
write_json(folder + "/config_sentence_transformers.json", {"prompts": {"query": "search: ", "document": "the "}, "similarity_fn_name": "cosine"})
write_json(folder + "/sentence_bert_config.json", {"max_seq_length": LIMIT, "do_lower_case": False})
expect(folder, lambda ids: hidden_of(ids, zeros(ids)).mean(0), "the ")

# The other ways of pooling, by one graph: only the settings differ.
POOLINGS = {"cls": lambda h: h[0], "max": lambda h: h.max(0).values, "mean-sqrt": lambda h: h.sum(0) / len(h) ** 0.5, "last-token": lambda h: h[-1],
            "weighted-mean": lambda h: (h * torch.arange(1, len(h) + 1)[:, None]).sum(0) / (len(h) * (len(h) + 1) / 2)}
write_json(OUT + "/tiny-mean/poolings.json", {name: [unit(pool(hidden_of(single("the " + t), zeros(single("the " + t))))) for t in TEXTS] for name, pool in POOLINGS.items()})

# Last token, left padding, the new shape of the pooling settings, no token types, a dense layer, kept to 6 numbers.
folder = OUT + "/tiny-last-dense"
g = Graph(); g.save(folder + "/onnx/model.onnx", BERT[:2], {"last_hidden_state": (encoder(g, False), ["batch", "tokens", WIDTH])})
write_tokenizer(folder, "left"); config(folder)
write_json(folder + "/1_Pooling/config.json", {"embedding_dimension": WIDTH, "pooling_mode": "lasttoken", "include_prompt": True})
modules(folder, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Dense", "2_Dense"), ("Normalize", "3_Normalize"))
DENSE, BIAS = weights(8, WIDTH), weights(8)
write_json(folder + "/2_Dense/config.json", {"in_features": WIDTH, "out_features": 8, "bias": True, "activation_function": "torch.nn.modules.activation.Tanh"})
header = json.dumps({"linear.weight": {"dtype": "F32", "shape": [8, WIDTH], "data_offsets": [0, 32 * WIDTH]}, "linear.bias": {"dtype": "F32", "shape": [8], "data_offsets": [32 * WIDTH, 32 * WIDTH + 32]}}).encode()
with open(folder + "/2_Dense/model.safetensors", "wb") as out:
    out.write(struct.pack("<Q", len(header)) + header + DENSE.tobytes() + BIAS.tobytes())
write_json(folder + "/config_sentence_transformers.json", {"prompts": {}, "similarity_fn_name": "cosine", "truncate_dim": 6})
expect(folder, lambda ids: torch.tanh(torch.from_numpy(DENSE) @ hidden_of(ids)[-1] + torch.from_numpy(BIAS))[:6])

# A finished vector out of the graph; the table lies in a file of its own, shared by the next model.
folder = OUT + "/tiny-static"
def static(path, width):
    g = Graph()
    table = TensorProto(name="table", data_type=FLOAT, dims=TABLE.shape, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "table.bin"), ("offset", "0"), ("length", str(TABLE.nbytes))):
        table.external_data.add(key=key, value=value)
    g.constants.append(table)
    rows = g("Mul", g("Gather", "table", "input_ids"), g("Unsqueeze", g("Cast", "attention_mask", to=FLOAT), np.array([2])))
    total = g("Slice", g("ReduceSum", rows, np.array([1]), keepdims=0), np.array([0]), np.array([width]), np.array([1]))
    g.save(path, BERT[:2], {"sentence_embedding": (total, ["batch", width])})
static(folder + "/onnx/model.onnx", WIDTH)
with open(folder + "/onnx/table.bin", "wb") as out:
    out.write(TABLE.tobytes())
write_tokenizer(folder); config(folder, manifold={"type": "static"}); old_pooling(folder, "mean_tokens")
expect(folder, lambda ids: torch.from_numpy(TABLE)[ids].sum(0))
folder = OUT + "/tiny-shared"
static(folder + "/onnx/model.onnx", 8)
config(folder, hidden_size=8, manifold={"type": "static", "tokenizer": "tiny-static", "externalData": {"table.bin": "tiny-static/onnx/table.bin"}})
expect(folder, lambda ids: torch.from_numpy(TABLE)[ids].sum(0)[:8])

# Activations quantised with one scale for the whole batch, as dynamic int8 models do: alone is not batched.
folder = OUT + "/tiny-int8"
g = Graph()
x = encoder(g)
scale = np.abs(OUTPUT).max() / 127
flat = g("DynamicQuantizeLinear", x, outputs=3)
product = g("Mul", g("Cast", g("MatMulInteger", flat[0], np.rint(OUTPUT / scale).astype(np.int8), flat[2]), to=FLOAT), g("Mul", flat[1], np.float32(scale)))
g.save(folder + "/onnx/model_quantized.onnx", BERT, {"last_hidden_state": (product, ["batch", "tokens", WIDTH])})
write_tokenizer(folder); config(folder); old_pooling(folder, "mean_tokens")

# Numbers that are none.
folder = OUT + "/tiny-nan"
g = Graph(); g.save(folder + "/onnx/model.onnx", BERT, {"last_hidden_state": (g("Sqrt", g("Sub", encoder(g), np.float32(1e3))), ["batch", "tokens", WIDTH])})
write_tokenizer(folder); config(folder); old_pooling(folder, "mean_tokens")

# Cross-encoder: one logit from the first token.
folder = OUT + "/tiny-cross-encoder"
HEAD = weights(WIDTH, 1)
g = Graph(); g.save(folder + "/onnx/model.onnx", BERT, {"logits": (g("MatMul", g("Gather", encoder(g), np.array(0), axis=1), HEAD), ["batch", 1])})
write_tokenizer(folder); config(folder, architectures=["TinyForSequenceClassification"])
query, passages = "find knowledge", ["the knowledge base", "知识库", "", "cat " * 60, "a dog sat"]
rows = [pair(query, p) for p in passages]
write_json(folder + "/expected.json", {"query": query, "passages": passages, "ids": [r[0] for r in rows], "types": [r[1] for r in rows],
                                       "logits": [(hidden_of(*r)[0] @ torch.from_numpy(HEAD)).item() for r in rows]})

# Unigram in the manner of XLM-R, ids by SentencePiece. The vocabulary is learnt from a text beside it.
lines = [l.strip() for l in open(os.path.join(OUT, "..", "tokenizers", "unigram", "training.txt"), encoding="utf-8")] + TEXTS[:-1] + ["知识库把文档切成小段，再把每一段变成向量，这样就能按意思搜索。"] * 3
model = io.BytesIO()
spm.SentencePieceTrainer.train(sentence_iterator=iter(lines), model_writer=model, vocab_size=420, model_type="unigram", normalization_rule_name="identity",
                               remove_extra_whitespaces=False, add_dummy_prefix=True, hard_vocab_limit=False, minloglevel=2, unk_id=0, bos_id=1, eos_id=2, pad_id=3)
sp = spm.SentencePieceProcessor(model_proto=model.getvalue())
trained = proto.ModelProto()
trained.ParseFromString(model.getvalue())
folder = os.path.join(OUT, "..", "tokenizers", "unigram")
write_json(folder + "/tokenizer.json", {
    "version": "1.0", "added_tokens": [{"id": i, "content": t, "special": True, "normalized": False, "lstrip": False, "rstrip": False, "single_word": False} for i, t in enumerate(["<unk>", "<s>", "</s>", "<pad>"])],
    "normalizer": None, "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": True},
    "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                       "pair": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}},
                                {"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
                       "special_tokens": {}},
    "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always"},
    "model": {"type": "Unigram", "unk_id": 0, "vocab": [[p.piece, p.score] for p in trained.pieces]}})
write_json(folder + "/tokenizer_config.json", {"pad_token": "<pad>", "padding_side": "right", "model_max_length": 1e30})
# None begins with a space: there SentencePiece puts a second mark, and tokenizers that say Metaspace do not.
samples = TEXTS[:-1] + ["two  spaces ", "emoji 😀😃 mixed 混合 Text", "知识库把文档切成小段", "function(value) { return value * 2 }", "ｆｕｌｌ　ｗｉｄｔｈ", "tab\there", "aaaaaaaaaaaaaaaaaaaa", "ZZZQQQ ZZZ qqq"]
write_json(folder + "/expected.json", [{"text": t, "ids": [1] + sp.encode(t) + [2]} for t in samples])
