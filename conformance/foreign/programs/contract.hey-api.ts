export type {
  BetaCreateMessageBatchParams as Params,
  BetaMessageBatchIndividualResponse as Result,
} from './client/types.gen';
