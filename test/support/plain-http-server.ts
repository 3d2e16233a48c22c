import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

// An HTTP server in a process of its own: answers everything with 200, and tells its parent the port.
const server = createServer((_request, response) => response.end('fine'));
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
