import type { IncomingMessage, ServerResponse } from "node:http";
export function handle(request: IncomingMessage, response: ServerResponse, next: () => void): void;
