/**
 * What a catalogue or a person knows of a model and its folder does not say. Kept in `manifold.json` inside the folder
 * (the same fields, and whatever else says where they come from); those given by a caller go before it, and both go
 * before the folder's own files.
 */
import { z } from 'zod'
import { poolingModes } from '../../shared/models.ts'

/** A token: its id, or a text that is exactly one token. */
const TokenId = z.union([z.number().int().min(0).max(4_000_000), z.string().min(1).max(100)])

/**
 * How a reranker's numbers become one logit a pair.
 * one: the graph gives it. label: log-odds of one label of a classifier. yes-no: a language model is asked in a chat
 * template, and the logits of two tokens at its last place are compared: sigmoid(score) is softmax(yes, no).
 */
export const Scoring = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('one') }),
  z.object({ kind: z.literal('label'), positive: z.number().int().min(0).max(63) }),
  z.object({
    kind: z.literal('yes-no'),
    /** Before and after the body, never cut. */
    prefix: z.string().max(4000),
    suffix: z.string().max(4000),
    /** Ends with "{passage}", which is cut where the pair is too long. */
    body: z
      .string()
      .max(4000)
      .refine(
        (text) => /^[^]*\{query\}[^]*\{passage\}$/.test(text),
        'needs {query}, and {passage} at its end',
      ),
    yes: TokenId,
    no: TokenId,
  }),
])
export type Scoring = z.infer<typeof Scoring>

export const ModelOverrides = z.object({
  name: z.string().min(1).max(200).optional(),
  task: z.enum(['embedding', 'reranker']).optional(),
  /** As the window says it: 'encoder', 'decoder', 'cross-encoder', … */
  type: z.string().min(1).max(100).optional(),
  languages: z.array(z.string().max(20)).max(200).optional(),
  licence: z.string().max(100).optional(),
  /** File inside the folder, as 'onnx/model_quantized.onnx'. */
  graph: z.string().min(1).max(400).optional(),
  pooling: z.array(z.enum(poolingModes)).min(1).max(4).optional(),
  /** false: the prompt's own tokens are left out when pooling. */
  includePrompt: z.boolean().optional(),
  prompts: z.object({ query: z.string().max(4000), document: z.string().max(4000) }).optional(),
  maxTokens: z.number().int().min(8).max(1_000_000).optional(),
  truncateTo: z.number().int().positive().max(65_536).optional(),
  similarity: z.enum(['cosine', 'dot']).optional(),
  paddingSide: z.enum(['left', 'right']).optional(),
  /** Numbers for a graph's `task_id` input. */
  tasks: z.object({ query: z.number().int().min(0), document: z.number().int().min(0) }).optional(),
  scoring: Scoring.optional(),
  /** Rerankers: P(relevant) = sigmoid(scale * logit + bias). */
  calibration: z.object({ scale: z.number(), bias: z.number() }).optional(),
})
export type ModelOverrides = z.infer<typeof ModelOverrides>

/** Name of the file in a model's folder. */
export const overridesFile = 'manifold.json'
