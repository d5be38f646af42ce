"""Writes model folders in the Hugging Face layout: tokenizer files, sentence-transformers files, and the table with its ONNX graphs."""
import json, os
import numpy as np
from sentencepiece import sentencepiece_model_pb2 as proto
from text import INVISIBLE, MARK, SPACE, WORD

SPECIAL = ["<unk>", "<pad>", "</s>"]


def write_json(path, value):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as out:
        json.dump(value, out, ensure_ascii=False, indent=2 if not path.endswith("tokenizer.json") else None, separators=(",", ":") if path.endswith("tokenizer.json") else None)
        out.write("\n")


def tokenizer(model_file):
    """tokenizer.json of a SentencePiece Unigram model trained on text.normalise: `A </s>` alone, `A </s> B </s>` as a pair of types 0 and 1."""
    model = proto.ModelProto()
    model.ParseFromString(open(model_file, "rb").read())
    token = lambda text, kind: {"SpecialToken": {"id": text, "type_id": kind}}
    part = lambda name, kind: {"Sequence": {"id": name, "type_id": kind}}
    return {
        "version": "1.0", "truncation": None, "padding": None,
        "added_tokens": [{"id": i, "content": t, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} for i, t in enumerate(SPECIAL)],
        "normalizer": {"type": "Sequence", "normalizers": [
            {"type": "NFKC"}, {"type": "Lowercase"},
            {"type": "Replace", "pattern": {"Regex": "[" + INVISIBLE + "]"}, "content": ""},
            {"type": "Replace", "pattern": {"Regex": "[\u2047" + MARK + SPACE + "]+"}, "content": " "},
            {"type": "Replace", "pattern": {"Regex": "(?<![" + WORD + "])(?=[" + WORD + "])"}, "content": MARK},
            {"type": "Replace", "pattern": {"String": " "}, "content": ""}]},
        "pre_tokenizer": {"type": "Split", "pattern": {"Regex": MARK + "?[^" + MARK + "]+"}, "behavior": "Removed", "invert": True},
        "post_processor": {"type": "TemplateProcessing", "single": [part("A", 0), token("</s>", 0)], "pair": [part("A", 0), token("</s>", 0), part("B", 1), token("</s>", 1)],
                           "special_tokens": {"</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}},
        "decoder": {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True},
        "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": False, "vocab": [[p.piece, p.score] for p in model.pieces]},
    }


TOKENIZER_CONFIG = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 512, "unk_token": "<unk>", "pad_token": "<pad>", "eos_token": "</s>", "sep_token": "</s>",
                    "padding_side": "right", "clean_up_tokenization_spaces": False}


def sentence_transformer(folder, width):
    write_json(folder + "/modules.json", [
        {"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
        {"idx": 2, "name": "2", "path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}])
    write_json(folder + "/1_Pooling/config.json", {"word_embedding_dimension": width, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True,
               "pooling_mode_max_tokens": False, "pooling_mode_mean_sqrt_len_tokens": False})
    write_json(folder + "/config_sentence_transformers.json", {"prompts": {"query": "", "document": ""}, "default_prompt_name": None, "similarity_fn_name": "cosine"})
    write_json(folder + "/sentence_bert_config.json", {"max_seq_length": 512, "do_lower_case": False})


def quantise(table):
    """-> int8 rows and one scale a row, a power of two within eight octaves: sums of up to 512 rows are then exact in float32, so no order of
    summation (batch, padding, threads, machine) can change a bit. Special pieces become zero."""
    table = table.copy()
    table[:len(SPECIAL)] = 0
    largest = np.abs(table).max(1)
    exponent = np.ceil(np.log2(np.maximum(largest, 1e-9) / 127))
    scale = 2.0 ** np.maximum(exponent, exponent.max() - 8)
    return np.clip(np.rint(table / scale[:, None]), -127, 127).astype(np.int8), scale.astype(np.float32)
