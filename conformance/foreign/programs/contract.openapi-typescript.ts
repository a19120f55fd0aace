import type { components } from './openapi';

export type Params = components['schemas']['BetaCreateMessageBatchParams'];
export type Result = components['schemas']['BetaMessageBatchIndividualResponse'];
