using System.Net;
using BoxerMpi.LambdaService.Api;
using BoxerMpi.LambdaService.Execution;
using BoxerMpi.LambdaService.Functions;
using BoxerMpi.LambdaService.Http;
using BoxerMpi.LambdaService.Invocations;

namespace BoxerMpi.LambdaService;

/// <summary>A Lambda service on this machine: AWS's API in front, processes behind. It forgets everything when it ends.</summary>
internal sealed class LocalLambda : IAsyncDisposable
{
    // For answers that are on their way to callers, who may be slow to take them.
    private static readonly TimeSpan AnswerGrace = TimeSpan.FromSeconds(2);

    private readonly EnvironmentHost _host;
    private readonly EnvironmentPool _pool;
    private readonly Invoker _invoker;
    private readonly EventQueue _events;
    private readonly FunctionOperations _functions;
    private readonly HttpHost _server;
    private readonly HttpHost? _serverOutside;

    private LocalLambda(
        EnvironmentHost host,
        EnvironmentPool pool,
        Invoker invoker,
        EventQueue events,
        FunctionOperations functions,
        IReadOnlyList<ApiOperation> operations,
        HttpHost server,
        HttpHost? serverOutside)
    {
        _serverOutside = serverOutside;
        Operations = operations;
        _host = host;
        _pool = pool;
        _invoker = invoker;
        _events = events;
        _functions = functions;
        _server = server;
    }

    /// <summary>Where the API listens.</summary>
    public IPEndPoint EndPoint => _server.EndPoint;

    /// <summary>Invocations that run now.</summary>
    public int Running => _invoker.Running;

    /// <summary>For people: which limits environments have.</summary>
    public string Limits => _host.Limits;

    /// <summary>All that it keeps in files; the service removes it at its end.</summary>
    public string Folder => _host.Folder;

    /// <summary>Where dead events go; a file of the service's own goes with it.</summary>
    public string DeadLetterFile => DeadLetters(_host);

    /// <summary>All that the service answers to.</summary>
    public IReadOnlyList<ApiOperation> Operations { get; }

    /// <exception cref="IOException">The address is in use.</exception>
    /// <exception cref="PlatformNotSupportedException">Environments need Linux.</exception>
    public static async Task<LocalLambda> StartAsync(LambdaServiceOptions options)
    {
        if (!OperatingSystem.IsLinux())
            throw new PlatformNotSupportedException("The local Lambda service runs on Linux only: functions are Linux executables.");
        EnvironmentHost host = new(options);
        FunctionStore functions = new(options, host.Folder);
        EnvironmentPool pool = new(options);
        HttpHost? server = null;
        ConcurrencyLimit limit = new(options.Concurrency, functions);
        Invoker invoker = new(host, pool, limit);
        EventQueue events = new(options, invoker, DeadLetters(host));
        FunctionOperations functionOperations = new(options, functions, pool);
        try
        {
            ApiOperation[] operations =
            [
                .. functionOperations.All,
                .. new InvokeOperations(options, functions, invoker, events).All,
                .. new AccountOperations(options, functions, limit).All,
            ];
            ApiServer api = new(
                new SignatureCheck(options.Credentials, options.Region, options.Time), new UnverifiedBodies(host.Folder), operations);
            server = await HttpHost.StartAsync(options.Listen, ApiServer.Rules(), api.HandleAsync);

            // Whoever launches from the host that functions reach back finds the API under the same address.
            HttpHost? outside = options.Networks is not { } networks ? null : await HttpHost.StartAsync(
                new IPEndPoint(IPAddress.Loopback, server.EndPoint.Port), ApiServer.Rules(), api.HandleAsync, networks.RunOutside);
            return new LocalLambda(host, pool, invoker, events, functionOperations, operations, server, outside);
        }
        catch
        {
            if (server is not null)
                await server.DisposeAsync();
            await pool.DisposeAsync();
            host.Dispose();
            throw;
        }
    }

    /// <summary>Ends all functions, wherever they are, then the service; who waits for an answer is told so.</summary>
    public async ValueTask DisposeAsync()
    {
        _functions.Dispose();
        await _invoker.DisposeAsync();
        await _events.DisposeAsync();
        await Task.WhenAll(_server.EndAsync(AnswerGrace), _serverOutside?.EndAsync(AnswerGrace) ?? Task.CompletedTask);
        await _server.DisposeAsync();
        if (_serverOutside is not null)
            await _serverOutside.DisposeAsync();
        await _pool.DisposeAsync();
        _host.Dispose();
    }

    private static string DeadLetters(EnvironmentHost host) => host.Options.DeadLetterFile ?? Path.Combine(host.Folder, "dead-letters.jsonl");
}
