using System.Net;
using System.Security.Cryptography;
using BoxerMpi.Aws;
using BoxerMpi.LambdaService;
using BoxerMpi.Launcher.Jobs;
using BoxerMpi.Launcher.Processes;
using BoxerMpi.Rendezvous;

namespace BoxerMpi.Launcher.Functions;

/// <summary>A Lambda service on this machine, for one job.</summary>
internal sealed class LocalFunctionPlace : IFunctionPlace
{
    private const string Region = "us-east-1";

    private readonly Watchdog _watchdog;
    private readonly LocalLambda _service;
    private readonly LambdaClient _lambda;

    private LocalFunctionPlace(Watchdog watchdog, LocalLambda service, LambdaClient lambda) =>
        (_watchdog, _service, _lambda) = (watchdog, service, lambda);

    public ILambdaApi Lambda => _lambda;

    /// <exception cref="UsageException">This is no Linux.</exception>
    public static async Task<LocalFunctionPlace> OpenAsync(FunctionOptions options)
    {
        if (!OperatingSystem.IsLinux())
            throw new UsageException("the local Lambda service runs on Linux only", "functions are Linux executables; use a container or a virtual machine");
        string mark = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(12));
        Credentials credentials = new("AKIA" + RandomNumberGenerator.GetString("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(20)));

        // Functions do not outlive the launcher, even when it is killed.
        Watchdog watchdog = new(mark, TimeSpan.Zero, message => Console.Error.WriteLine($"boxer: {message}"));
        try
        {
            LocalLambda service = await LocalLambda.StartAsync(new LambdaServiceOptions
            {
                Region = Region,
                Credentials = credentials,
                Concurrency = options.Concurrency,
                ColdStart = options.ColdStart,
                ExtraVariables = new Dictionary<string, string> { [RankEnvironment.MarkVariable] = mark },
            });
            LambdaClient lambda = new(new LambdaClientOptions
            {
                EndpointUrl = $"http://{service.EndPoint}",
                Region = Region,
                Credentials = (credentials.AccessKey, credentials.SecretKey, null),
            });
            return new LocalFunctionPlace(watchdog, service, lambda);
        }
        catch
        {
            watchdog.Dispose();
            throw;
        }
    }

    public Seed StartSeed(SeedOptions options) => Seed.Start(options with { Listen = new IPEndPoint(IPAddress.Loopback, 0) });

    public string AddressOf(Seed seed) => seed.EndPoint.ToString();

    public async ValueTask DisposeAsync()
    {
        _lambda.Dispose();
        await _service.DisposeAsync();
        _watchdog.Dispose();
    }
}
