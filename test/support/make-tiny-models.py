"""Makes the tiny models of the tests, and what they should answer. usage: python3 test/support/make-tiny-models.py
Every expected number comes from PyTorch, every id from a tokenizer written here or from SentencePiece: nothing from the code under test.
Needs torch, onnx, sentencepiece; its small outputs are committed, so the tests need none of them."""
import io, json, os, struct, unicodedata
import numpy as np, onnx, sentencepiece as spm, torch
from onnx import TensorProto, helper, numpy_helper
from sentencepiece import sentencepiece_model_pb2 as proto

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures", "models")
WIDTH, LIMIT = 16, 32
FLOAT, INT64 = TensorProto.FLOAT, TensorProto.INT64
rng = np.random.default_rng(11)

SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = "the a cat dog sat on mat search find know ##ledge ##s ##ing ##ed base vector hello world ! , . - 1 2 3 ##1 ##2 ##3".split()
LETTERS = [c for c in "abcdefghijklmnopqrstuvwxyz"] + ["##" + c for c in "abcdefghijklmnopqrstuvwxyz"]
HAN = list("知识库把文档切成小段你好世界搜索。，！")
VOCAB = {t: i for i, t in enumerate(SPECIAL + WORDS + [l for l in LETTERS if l not in WORDS] + HAN)}
TEXTS = ["Hello, world!", "知识库 knowledge bases", "The cat sat on the mat, the dog searched.", "a", "你好世界。搜索 vector 123 ünïcode 😀 xyz", ""]


def words(text):
    """BERT's basic tokenizer, uncased."""
    out = []
    for char in text:
        code = ord(char)
        if code in (0, 0xFFFD) or (unicodedata.category(char).startswith("C") and char not in "\t\n\r"):
            continue
        out.append(f" {char} " if 0x4E00 <= code <= 0x9FFF else " " if char.isspace() else char)
    text = "".join(c for c in unicodedata.normalize("NFD", "".join(out).lower()) if unicodedata.category(c) != "Mn")
    for word in text.split():
        part = ""
        for char in word:
            if unicodedata.category(char).startswith("P") or (ord(char) < 128 and not char.isalnum()):
                if part:
                    yield part
                yield char
                part = ""
            else:
                part += char
        if part:
            yield part


def pieces(text):
    ids = []
    for word in words(text):
        start, found = 0, []
        while start < len(word):
            end = len(word)
            while end > start and ("##" if start else "") + word[start:end] not in VOCAB:
                end -= 1
            if end == start:
                found = [VOCAB["[UNK]"]]
                break
            found.append(VOCAB[("##" if start else "") + word[start:end]])
            start = end
        ids += found
    return ids


def single(text):
    return [VOCAB["[CLS]"]] + pieces(text)[:LIMIT - 2] + [VOCAB["[SEP]"]]


def pair(a, b):
    a, b = pieces(a), pieces(b)
    while len(a) + len(b) > LIMIT - 3:  # longest first
        (a if len(a) > len(b) else b).pop()
    return [VOCAB["[CLS]"]] + a + [VOCAB["[SEP]"]] + b + [VOCAB["[SEP]"]], [0] * (len(a) + 2) + [1] * (len(b) + 1)


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, separators=(",", ":"))
        out.write("\n")


def write_tokenizer(folder, side="right"):
    token = lambda name, kind: {"SpecialToken": {"id": name, "type_id": kind}}
    part = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    write_json(folder + "/tokenizer.json", {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": VOCAB[t], "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for t in SPECIAL],
        "normalizer": {"type": "BertNormalizer", "clean_text": True, "handle_chinese_chars": True, "strip_accents": None, "lowercase": True},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "TemplateProcessing", "single": [token("[CLS]", 0), part("A", 0), token("[SEP]", 0)],
                           "pair": [token("[CLS]", 0), part("A", 0), token("[SEP]", 0), part("B", 1), token("[SEP]", 1)],
                           "special_tokens": {t: {"id": t, "ids": [VOCAB[t]], "tokens": [t]} for t in ("[CLS]", "[SEP]")}},
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": VOCAB}})
    write_json(folder + "/tokenizer_config.json", {"tokenizer_class": "BertTokenizer", "model_max_length": LIMIT, "pad_token": "[PAD]", "padding_side": side})


class Graph:
    def __init__(self):
        self.nodes, self.constants = [], []

    def __call__(self, kind, *inputs, outputs=1, **attributes):
        names = [f"{kind.lower()}_{len(self.nodes)}_{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, [self.value(i) for i in inputs], names, **attributes))
        return names[0] if outputs == 1 else names

    def value(self, v):
        if isinstance(v, str):
            return v
        array = np.asarray(v)
        self.constants.append(numpy_helper.from_array(array.astype(np.int64) if array.dtype.kind in "iu" and array.dtype != np.int8 else array, f"c{len(self.constants)}"))
        return self.constants[-1].name

    def save(self, path, inputs, outputs):
        for name, (value, _) in outputs.items():
            self.nodes.append(helper.make_node("Identity", [value], [name]))
        graph = helper.make_graph(self.nodes, "tiny", [helper.make_tensor_value_info(i, INT64, ["batch", "tokens"]) for i in inputs],
                                  [helper.make_tensor_value_info(n, FLOAT, shape) for n, (_, shape) in outputs.items()], self.constants)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)


def weights(*shape):
    return (rng.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)


TABLE, TYPES, QKV, OUTPUT = weights(len(VOCAB), WIDTH), weights(2, WIDTH), weights(WIDTH, 3 * WIDTH), weights(WIDTH, WIDTH)


def encoder(g, types=True):
    """Embedding and one attention layer with a residual."""
    x = g("Gather", TABLE, "input_ids")
    if types:
        x = g("Add", x, g("Gather", TYPES, "token_type_ids"))
    q, k, v = g("Split", g("MatMul", x, QKV), np.array([WIDTH] * 3), outputs=3, axis=2)
    scores = g("Mul", g("MatMul", q, g("Transpose", k, perm=[0, 2, 1])), np.float32(1 / np.sqrt(WIDTH)))
    hidden = g("Mul", g("Sub", np.float32(1), g("Cast", g("Unsqueeze", "attention_mask", np.array([1])), to=FLOAT)), np.float32(-1e9))
    attended = g("MatMul", g("Softmax", g("Add", scores, hidden), axis=-1), v)
    return g("Add", x, g("MatMul", attended, OUTPUT))


def hidden_of(ids, types=None):
    """The same in PyTorch, one text, no padding."""
    t = torch.from_numpy
    x = t(TABLE)[ids] + (t(TYPES)[types] if types is not None else 0)
    q, k, v = (x @ t(QKV)).split(WIDTH, dim=1)
    return x + torch.softmax(q @ k.T / WIDTH ** 0.5, -1) @ v @ t(OUTPUT)


def unit(vector):
    return (vector / vector.norm()).tolist()


def expect(folder, vector_of, prompt=""):
    write_json(folder + "/expected.json", [{"text": t, "ids": single(prompt + t), "vector": unit(vector_of(single(prompt + t)))} for t in TEXTS])


def config(folder, **extra):
    write_json(folder + "/config.json", {"architectures": ["TinyModel"], "model_type": "tiny", "hidden_size": WIDTH, "vocab_size": len(VOCAB), "max_position_embeddings": LIMIT, "type_vocab_size": 2, **extra})


def modules(folder, *parts):
    write_json(folder + "/modules.json", [{"idx": i, "name": str(i), "path": path, "type": f"sentence_transformers.models.{kind}"} for i, (kind, path) in enumerate(parts)])


def old_pooling(folder, mode):
    modes = ["cls_token", "mean_tokens", "max_tokens", "mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"]
    write_json(folder + "/1_Pooling/config.json", {"word_embedding_dimension": WIDTH, **{f"pooling_mode_{m}": m == mode for m in modes}})


zeros = lambda ids: [0] * len(ids)
BERT = [("input_ids"), ("attention_mask"), ("token_type_ids")]

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

# Unigram in the manner of XLM-R, ids by SentencePiece. The vocabulary is learnt from this file.
lines = [l.strip() for l in open(__file__, encoding="utf-8") if l.strip()] + TEXTS[:-1] + ["知识库把文档切成小段，再把每一段变成向量，这样就能按意思搜索。"] * 3
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
