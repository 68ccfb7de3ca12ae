// The proxy that this project started from: each request rotates the list and
// goes where it says, over a connection of its own, as http-proxy does unless
// told otherwise.
const http = require('http')
const httpProxy = require('http-proxy')
const redis = require('redis')

const client = redis.createClient({ socket: { host: '127.0.0.1', port: Number(process.env.REDIS_PORT) } })
const proxy = httpProxy.createProxyServer({})

function refuse (response) {
  if (!response.headersSent) response.writeHead(502)
  response.end()
}

proxy.on('error', (error, request, response) => { console.error(String(error)); refuse(response) })

http.createServer((request, response) => {
  client.rPopLPush('servers', 'servers')
    .then(target => proxy.web(request, response, { target }))
    .catch(error => { console.error(String(error)); refuse(response) })
}).listen(Number(process.env.PORT), '127.0.0.1')

client.on('error', error => console.error(String(error)))
client.connect()
