/** Entry of the inference thread: ONNX Runtime lives here, once a process. */
import { createInferenceJobs } from '../models/jobs.ts'
import { serveThread } from './thread.ts'

serveThread(() => createInferenceJobs())
