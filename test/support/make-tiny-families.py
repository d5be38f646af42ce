"""Makes tiny models of the families that ask for more than ids and a mask: decoders with an empty past, task numbers, half
precision, labels, language models that answer yes or no. usage: python3 test/support/make-tiny-families.py
Every expected number comes from PyTorch, computed one text at a time and unpadded: nothing from the code under test."""
import numpy as np, torch
from onnx import TensorProto
import tiny_graphs
from tiny_graphs import *

tiny_graphs.rng = np.random.default_rng(23)
HALF = TensorProto.FLOAT16
HEADS, HEAD = 2, WIDTH // 2
t = torch.from_numpy
POSITIONS, GATE, UNEMBED = weights(LIMIT, WIDTH), weights(4, WIDTH), weights(WIDTH, len(VOCAB))


def past(kind, half=False):
    return (f"past_key_values.0.{kind}", HALF if half else FLOAT, ["batch", HEADS, "past", HEAD])


def decoder(g, half=False):
    """Positions are added from position_ids; one causal layer of two heads that first appends to its past."""
    x = g("Add", g("Gather", TABLE, "input_ids"), g("Gather", POSITIONS, "position_ids"))
    q, k, v = g("Split", g("MatMul", x, QKV), np.array([WIDTH] * 3), outputs=3, axis=2)
    heads = lambda y: g("Transpose", g("Reshape", y, np.array([0, 0, HEADS, HEAD])), perm=[0, 2, 1, 3])
    before = lambda kind: g("Cast", f"past_key_values.0.{kind}", to=FLOAT) if half else f"past_key_values.0.{kind}"
    q, k, v = heads(q), g("Concat", before("key"), heads(k), axis=2), g("Concat", before("value"), heads(v), axis=2)
    scores = g("Mul", g("MatMul", q, g("Transpose", k, perm=[0, 1, 3, 2])), np.float32(1 / np.sqrt(HEAD)))
    length = g("Gather", g("Shape", "input_ids"), np.array(1))
    places = g("Range", np.array(0), length, np.array(1))
    later = g("Less", g("Unsqueeze", places, np.array([1])), g("Unsqueeze", places, np.array([0])))  # [query, key]
    unseen = g("Or", later, g("Not", g("Cast", g("Unsqueeze", "attention_mask", np.array([1, 2])), to=TensorProto.BOOL)))
    hidden = g("Mul", g("Cast", unseen, to=FLOAT), np.float32(-1e9))
    attended = g("Transpose", g("MatMul", g("Softmax", g("Add", scores, hidden), axis=-1), v), perm=[0, 2, 1, 3])
    return g("Add", x, g("MatMul", g("Reshape", attended, np.array([0, 0, WIDTH])), OUTPUT)), k, v


def decoded(ids):
    x = t(TABLE)[ids] + t(POSITIONS)[: len(ids)]
    q, k, v = (x @ t(QKV)).split(WIDTH, dim=1)
    heads = lambda y: y.reshape(len(ids), HEADS, HEAD).transpose(0, 1)
    mask = torch.full((len(ids), len(ids)), float("-inf")).triu(1)
    attended = torch.softmax(heads(q) @ heads(k).transpose(1, 2) / HEAD ** 0.5 + mask, -1) @ heads(v)
    return x + attended.transpose(0, 1).reshape(len(ids), WIDTH) @ t(OUTPUT)


DECODER = ["input_ids", "attention_mask", "position_ids"]
present = lambda k, v: {"present.0.key": (k, ["batch", HEADS, "all", HEAD]), "present.0.value": (v, ["batch", HEADS, "all", HEAD])}
PROMPT = "find knowledge search "

# Qwen3's shape: last token, left padding, positions, an empty past, an instruction before queries only.
for name, half in (("tiny-decoder", False), ("tiny-decoder-half", True)):
    folder = f"{OUT}/{name}"
    g = Graph()
    hidden, k, v = decoder(g, half)
    kind = HALF if half else FLOAT
    g.save(folder + ("/onnx/model_fp16.onnx" if half else "/onnx/model.onnx"), DECODER + [past("key", half), past("value", half)],
           {"last_hidden_state": (g("Cast", hidden, to=HALF) if half else hidden, ["batch", "tokens", WIDTH], kind), **present(k, v)})
    write_tokenizer(folder, "left")
    config(folder, architectures=["TinyForCausalLM"])
    write_json(folder + "/1_Pooling/config.json", {"embedding_dimension": WIDTH, "pooling_mode": "lasttoken", "include_prompt": True})
    modules(folder, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize"))
    write_json(folder + "/config_sentence_transformers.json", {"prompts": {"query": PROMPT, "document": ""}, "similarity_fn_name": "cosine"})
    last = lambda ids: decoded(ids)[-1].half().float() if half else decoded(ids)[-1]
    write_json(folder + "/expected.json", [{"text": x, "ids": single(x), "vector": unit(last(single(x))), "query": unit(last(single(PROMPT + x)))} for x in TEXTS])

# Asked by a language model's template; with and without the input that keeps the last place's logits only.
PREFIX, BODY, SUFFIX = "[CLS] find the ", "search {query} on {passage}", " [SEP] 1"
query, passages = "knowledge base", ["the knowledge base", "知识库", "", "cat " * 60, "a dog sat"]


def asked(query, passage):
    prefix, suffix = [VOCAB["[CLS]"]] + pieces("find the"), [VOCAB["[SEP]"]] + pieces("1")
    return prefix + pieces(f"search {query} on {passage}")[: LIMIT - len(prefix) - len(suffix)] + suffix


for name, kept in (("tiny-yes-no", False), ("tiny-yes-no-kept", True)):
    folder = f"{OUT}/{name}"
    g = Graph()
    hidden, k, v = decoder(g)
    if kept:  # 0 keeps them all, as Python's [-0:] does.
        count = g("Unsqueeze", "num_logits_to_keep", np.array([0]))
        first = g("Where", g("Equal", count, np.array([0])), np.array([0]), g("Neg", count))
        hidden = g("Slice", hidden, first, np.array([2 ** 62]), np.array([1]))
    inputs = DECODER + [past("key"), past("value")] + ([("num_logits_to_keep", INT64, [])] if kept else [])
    g.save(folder + "/onnx/model.onnx", inputs, {"logits": (g("MatMul", hidden, UNEMBED), ["batch", "kept", len(VOCAB)]), **present(k, v)})
    write_tokenizer(folder, "left")
    config(folder, architectures=["TinyForCausalLM"])
    write_json(folder + "/manifold.json", {"task": "reranker", "type": "generative reranker", "provenance": {"source": "made here"},
                                           "scoring": {"kind": "yes-no", "prefix": PREFIX, "body": BODY, "suffix": SUFFIX, "yes": "cat", "no": VOCAB["dog"]}})
    rows = [asked(query, p) for p in passages]
    both = [(decoded(r)[-1] @ t(UNEMBED))[[VOCAB["dog"], VOCAB["cat"]]] for r in rows]
    write_json(folder + "/expected.json", {"query": query, "passages": passages, "ids": rows, "yes": [torch.softmax(b, 0)[1].item() for b in both],
                                           "logits": [(b[1] - b[0]).item() for b in both]})

# jina v3's shape: a number says for which task; its tasks and their prompts are in config.json.
TASKS = ["retrieval.query", "retrieval.passage", "separation", "text-matching"]
ASK = {"retrieval.query": "search: ", "retrieval.passage": "the base: "}
folder = OUT + "/tiny-tasks"
g = Graph()
gate = g("Unsqueeze", g("Gather", GATE, "task_id"), np.array([0, 1]))
g.save(folder + "/onnx/model.onnx", ["input_ids", "attention_mask", ("task_id", INT64, [])],
       {"text_embeds": (g("Mul", encoder(g, False), gate), ["batch", "tokens", WIDTH])})
write_tokenizer(folder); config(folder, lora_adaptations=TASKS, task_instructions=ASK)
old_pooling(folder, "mean_tokens")
modules(folder, ("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize"))
of_task = lambda x, task: unit((hidden_of(single(ASK[task] + x)) * t(GATE)[TASKS.index(task)]).mean(0))
write_json(folder + "/expected.json", [{"text": x, "ids": single(ASK["retrieval.passage"] + x), "vector": of_task(x, "retrieval.passage"), "query": of_task(x, "retrieval.query")} for x in TEXTS])

# A classifier of two labels, of which the second means "relevant".
folder = OUT + "/tiny-two-labels"
HEAD2 = weights(WIDTH, 2)
g = Graph(); g.save(folder + "/onnx/model.onnx", ["input_ids", "attention_mask", "token_type_ids"],
                    {"logits": (g("MatMul", g("Gather", encoder(g), np.array(0), axis=1), HEAD2), ["batch", 2])})
write_tokenizer(folder); config(folder, architectures=["TinyForSequenceClassification"])
rows = [pair(query, p) for p in passages]
labels = [hidden_of(*r)[0] @ t(HEAD2) for r in rows]
write_json(folder + "/expected.json", {"query": query, "passages": passages, "ids": [r[0] for r in rows], "relevant": [torch.softmax(l, 0)[1].item() for l in labels],
                                       "logits": [(l[1] - l[0]).item() for l in labels]})

# tiny-mean once more: the prompt left out of the pooling, and fewer numbers kept.
prompt = "the "
skip = len(single(prompt)) - 1
hidden = [hidden_of(single(prompt + x), [0] * len(single(prompt + x))) for x in TEXTS]
parts = [h[min(skip, len(h) - 1):] for h in hidden]
places = [torch.arange(1, len(h) + 1)[min(skip, len(h) - 1):, None] for h in hidden]
write_json(OUT + "/tiny-mean/without-prompt.json", {
    "mean": [unit(h.mean(0)) for h in parts], "cls": [unit(h[0]) for h in parts], "max": [unit(h.max(0).values) for h in parts],
    "mean-sqrt": [unit(h.sum(0) / len(h) ** 0.5) for h in parts], "last-token": [unit(h[-1]) for h in parts],
    "weighted-mean": [unit((h * p).sum(0) / p.sum()) for h, p in zip(parts, places)]})
write_json(OUT + "/tiny-mean/truncated.json", {str(keep): [unit(h.mean(0)[:keep]) for h in hidden] for keep in (4, 11)})

# The built-in static table as one vector a token, so that pooling is ours to do, and to do wrongly. The table is the app's own.
folder = OUT + "/token-vectors"
g = Graph()
for name, kind, dims, offset, size in (("pieces", TensorProto.INT8, (48000, 256), 0, 12288000), ("scales", FLOAT, (48000,), 12288000, 192000)):
    table = TensorProto(name=name, data_type=kind, dims=dims, data_location=TensorProto.EXTERNAL)
    for key, value in (("location", "pieces.bin"), ("offset", str(offset)), ("length", str(size))):
        table.external_data.add(key=key, value=value)
    g.constants.append(table)
rows = g("Mul", g("Cast", g("Gather", "pieces", "input_ids"), to=FLOAT), g("Unsqueeze", g("Gather", "scales", "input_ids"), np.array([2])))
g.save(folder + "/onnx/model.onnx", ["input_ids", "attention_mask"], {"last_hidden_state": (rows, ["batch", "tokens", 256])})
write_json(folder + "/config.json", {"model_type": "tiny", "hidden_size": 256, "vocab_size": 48000, "max_position_embeddings": 512, "manifold": {
    "languages": ["zh", "en"], "tokenizer": "manifold-static-256", "externalData": {"pieces.bin": "manifold-static-256/onnx/pieces.bin"}}})
write_json(folder + "/1_Pooling/config.json", {"embedding_dimension": 256, "pooling_mode": "mean", "include_prompt": True})
