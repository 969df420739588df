/** An OAuth error in the shape of RFC 6749, section 5.2, as oauth2.googleapis.com answers it. */
export class OAuthError extends Error {
  override readonly name = 'OAuthError';
  readonly status: number;
  readonly error: string;

  constructor(status: number, error: string, description: string) {
    super(description);
    this.status = status;
    this.error = error;
  }
}
