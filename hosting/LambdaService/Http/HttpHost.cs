using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;

namespace BoxerMpi.LambdaService.Http;

/// <summary>What an endpoint asks of those who connect.</summary>
/// <param name="LongestBody">Bytes of a request's body; longer ones fail when they are read.</param>
/// <param name="IdleLimit">How long a connection may be open without a request.</param>
internal sealed record HttpRules(long LongestBody, TimeSpan IdleLimit)
{
    /// <summary>The least rate at which a body has to come; null for any.</summary>
    public MinDataRate? SlowestBody { get; init; }

    /// <summary>Sees each connection before anything is read from it, and goes on with it or not; null for all.</summary>
    public Func<ConnectionContext, Func<Task>, Task>? Admit { get; init; }
}

/// <summary>
/// One HTTP/1.1 endpoint with one handler: Kestrel without the web framework above it, as there is one for each environment.
/// </summary>
internal sealed class HttpHost : IAsyncDisposable
{
    // What a connection may have sent that nobody has asked for yet; a megabyte by default, from every stranger.
    private const int MostUnread = 64 * 1024;

    private readonly KestrelServer _server;

    private HttpHost(KestrelServer server, IPEndPoint endPoint)
    {
        _server = server;
        EndPoint = endPoint;
    }

    /// <summary>Where it listens, with the port that it got.</summary>
    public IPEndPoint EndPoint { get; }

    /// <param name="listen">Port 0 takes a free one.</param>
    /// <param name="rules">For connections and requests.</param>
    /// <param name="handle">Called for each request; what it throws ends the connection.</param>
    /// <param name="listenThere">Makes the listening socket by what it is given, in another network; null for this process's own.</param>
    /// <exception cref="IOException">The address is in use or not of this host.</exception>
    public static async Task<HttpHost> StartAsync(
        IPEndPoint listen, HttpRules rules, RequestDelegate handle, Func<Func<Socket>, Socket>? listenThere = null)
    {
        KestrelServerOptions options = new() { AddServerHeader = false };
        options.ResponseHeaderEncodingSelector = _ => Encoding.UTF8;
        options.Limits.MaxRequestBufferSize = MostUnread;
        options.Limits.MaxRequestBodySize = rules.LongestBody;
        options.Limits.MinResponseDataRate = null;
        options.Limits.MinRequestBodyDataRate = rules.SlowestBody;
        options.Limits.KeepAliveTimeout = rules.IdleLimit;
        options.Listen(listen, endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1;
            if (rules.Admit is { } admit)
                endpoint.Use(admit);
        });

        SocketTransportOptions transport = new() { MaxReadBufferSize = MostUnread };
        if (listenThere is not null)
            transport.CreateBoundListenSocket = endPoint => listenThere(
                () => SocketTransportOptions.CreateDefaultBoundListenSocket(endPoint));
        SocketTransportFactory sockets = new(Options.Create(transport), NullLoggerFactory.Instance);
        KestrelServer server = new(Options.Create(options), sockets, NullLoggerFactory.Instance);
        await server.StartAsync(new Application(handle), CancellationToken.None);
        Uri bound = new(server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
        return new HttpHost(server, new IPEndPoint(listen.Address, bound.Port));
    }

    /// <summary>Takes no more requests, and gives those that are there the time to be answered before it ends their connections.</summary>
    public async Task EndAsync(TimeSpan grace)
    {
        using CancellationTokenSource over = new(grace);
        await _server.StopAsync(over.Token);
    }

    /// <summary>Ends open connections at once.</summary>
    public async ValueTask DisposeAsync()
    {
        await _server.StopAsync(new CancellationToken(canceled: true));
        _server.Dispose();
    }

    private sealed class Application(RequestDelegate handle) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => handle(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
        }
    }
}
