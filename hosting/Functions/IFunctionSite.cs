using System.Net;
using BoxerMpi.Aws;
using BoxerMpi.Coordinator;
using BoxerMpi.Launching.Places;

namespace BoxerMpi.Functions;

/// <summary>What functions run on, and how they reach the job's coordinator. Disposing it ends what it made.</summary>
internal interface IFunctionSite : IAsyncDisposable
{
    ILambdaApi Lambda { get; }

    /// <summary>Lambda's region, or <c>local</c>.</summary>
    string Region { get; }

    /// <summary>Starts the coordinator where functions reach it.</summary>
    Seed StartSeed(SeedOptions options);

    /// <inheritdoc cref="ISite.Broken"/>
    Task<string>? Broken { get; }

    /// <summary>HOST:PORT by which functions reach it.</summary>
    string AddressOf(Seed seed);
}

/// <summary>AWS Lambda, or a service like it that runs already.</summary>
internal sealed class LambdaSite(LambdaClient lambda, FunctionOptions options) : IFunctionSite
{
    public ILambdaApi Lambda => lambda;

    public string Region => lambda.Region;

    public Task<string>? Broken => null;

    public Seed StartSeed(SeedOptions seed)
    {
        IReadOnlyList<IPEndPoint> listen = options.Listen.Count > 0 ? options.Listen : [Standard()];
        return Seed.Start(
            listen.Count > 1 ? seed with { Listen = listen[0], ExtraListen = [.. listen.Skip(1)] } : seed with { Listen = listen[0] });
    }

    public string AddressOf(Seed seed) => options.SeedAddress is { } given
        ? $"{(given.Host.Contains(':', StringComparison.Ordinal) ? $"[{given.Host}]" : given.Host)}:{given.Port ?? seed.EndPoint.Port}"
        : seed.EndPoint.ToString();

    public ValueTask DisposeAsync()
    {
        lambda.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>All addresses of this machine, unless functions are on it as well.</summary>
    private IPEndPoint Standard()
    {
        if (options.SeedAddress is not { } given)
            return new IPEndPoint(IPAddress.Loopback, 0);
        int port = given.Port ?? 0;
        return IPAddress.TryParse(given.Host, out IPAddress? address)
            ? new IPEndPoint(IPAddress.IsLoopback(address) ? address : address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetworkV6 ? IPAddress.IPv6Any : IPAddress.Any, port)
            : new IPEndPoint(IPAddress.Any, port);
    }
}
