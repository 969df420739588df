import type mysql from 'mysql2';
import { HEADER, STATEMENT } from './packet.ts';

/** A packet of mysql2's, to or from the server. */
interface Packet {
  isError(): boolean;
  asError(encoding: string): mysql.QueryError;
}

/** What mysql2's connection can do for its own commands, and its types leave out. */
export interface CommandConnection extends mysql.Connection {
  sequenceId: number;
  addCommand(command: Execution): void;
  writePacket(packet: { readonly buffer: Buffer; length(): number; writeHeader(sequenceId: number): void }): void;
}

/** Executes a prepared statement that changes rows, as a command that mysql2's connection can queue. */
export class Execution {
  readonly #packet: Buffer;
  /** The connection tells its loss here, too. */
  readonly onResult: (error?: mysql.QueryError | null) => void;
  #sent = false;

  /**
   * @param statement the number that the server gave it
   * @param packet of `packetOf`
   */
  constructor(statement: number, packet: Buffer, onResult: (error?: mysql.QueryError | null) => void) {
    packet.writeUInt32LE(statement, STATEMENT);
    this.#packet = packet;
    this.onResult = onResult;
  }

  /** Called first without a packet, then with the answer. @returns whether it is done */
  execute(answer: Packet | undefined, connection: CommandConnection): boolean {
    if (!this.#sent) {
      this.#sent = true;
      this.#send(connection);
      return false;
    }
    this.onResult(answer?.isError() ? answer.asError('utf8') : null);
    return true;
  }

  #send(connection: CommandConnection): void {
    const buffer = this.#packet;
    connection.sequenceId = 0;
    connection.writePacket({
      buffer,
      length: () => buffer.length,
      writeHeader(sequenceId) {
        buffer.writeUIntLE(buffer.length - HEADER, 0, 3);
        buffer[3] = sequenceId;
      },
    });
  }
}
