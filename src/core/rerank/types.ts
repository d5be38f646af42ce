/** Query and passages to relevance. */

export interface Reranker {
  readonly modelId: string
  /** 'late interaction', 'cross-encoder', …: said as it is in the window. */
  readonly type: string
  readonly maxTokens: number
  /** null: no calibration known, so no number is shown. Else P(relevant) = sigmoid(scale * logit + bias). */
  readonly calibration: { scale: number; bias: number } | null
  /** Logits, one a passage, in order; NaN never. Stops between batches when `signal` aborts and rejects with 'cancelled'. */
  score(query: string, passages: string[], signal?: AbortSignal): Promise<Float32Array>
  close(): Promise<void>
}
