/** What can be wrong with a message that is asked for. */
export type MessageFault =
  | 'UNKNOWN_TEMPLATE'
  | 'UNKNOWN_LANGUAGE'
  | 'INVALID_TEMPLATE'
  | 'INVALID_VARIABLES'
  | 'TEMPLATE_OUT_OF_BOUNDS'
  | 'COMMERCIAL_TEMPLATE'
  | 'UNSUBSCRIBE_LINK_MISSING'
  | 'SENDER_IDENTITY_MISSING'
  | 'INVALID_SUBJECT'
  | 'INVALID_NAME'
  | 'INVALID_ADDRESS'
  | 'INVALID_DELIVERY_ID'
  | 'INVALID_LIST'
  | 'LINE_TOO_LONG'
  | 'INSECURE_UNSUBSCRIBE_URL';

/** A message that must not be made as it was asked for. The text names no address and no person. */
export class MessageRefused extends Error {
  constructor(
    readonly code: MessageFault,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
