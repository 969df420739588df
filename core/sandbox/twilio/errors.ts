import type { Response } from 'express';

/**
 * An error as api.twilio.com answers it: `{code, message, more_info, status}`.
 * Source: https://www.twilio.com/docs/usage/twilios-response#exceptions and https://www.twilio.com/docs/api/errors
 */
export class TwilioError extends Error {
  override readonly name = 'TwilioError';
  readonly status: number;
  readonly code: number;

  constructor(status: number, code: number, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

export function sendTwilioError(res: Response, error: TwilioError): void {
  if (error.status === 401) res.set('www-authenticate', 'Basic realm="Twilio API"');
  res.status(error.status).json({
    code: error.code,
    message: error.message,
    more_info: `https://www.twilio.com/docs/errors/${error.code}`,
    status: error.status,
  });
}

/** The error a scripted fault of this status stands for. */
export function twilioFault(status: number): TwilioError {
  switch (status) {
    case 401:
      return new TwilioError(401, 20003, 'Authenticate');
    case 403:
      return new TwilioError(403, 20005, 'Account not active');
    case 404:
      return new TwilioError(404, 20404, 'The requested resource was not found');
    case 429:
      return new TwilioError(429, 20429, 'Too Many Requests');
    case 500:
      return new TwilioError(500, 20500, 'An internal server error has occurred');
    case 503:
      return new TwilioError(503, 20503, 'Service is unavailable. Please try again.');
    default:
      return new TwilioError(status, 20001, 'The sandbox was asked for this answer.');
  }
}
