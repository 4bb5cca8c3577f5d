using BoxerMpi.LambdaService;

namespace BoxerMpi.Aws.Tests;

/// <summary>A local service that checks every signature, and a client for it.</summary>
internal sealed class Service : IAsyncDisposable
{
    public const string Role = "arn:aws:iam::123456789012:role/boxer";
    private static readonly Credentials Keys = new("AKIATESTTESTTESTTEST", "a/secret+key", "a/session+token==");

    private readonly LocalLambda _lambda;

    private Service(LocalLambda lambda)
    {
        _lambda = lambda;
        Client = new LambdaClient(Options);
    }

    public LambdaClient Client { get; }

    public LambdaClientOptions Options => new()
    {
        EndpointUrl = $"http://{_lambda.EndPoint}",
        Region = "eu-central-1",
        Credentials = (Keys.AccessKey, Keys.SecretKey, Keys.SessionToken),
    };

    public static async Task<Service> StartAsync(Func<LambdaServiceOptions, LambdaServiceOptions>? change = null)
    {
        LambdaServiceOptions options = new() { Credentials = Keys, Region = "eu-central-1" };
        return new Service(await LocalLambda.StartAsync(change is null ? options : change(options)));
    }

    public async Task<FunctionInfo> CreateAsync(string name, string handler)
    {
        FunctionSpec spec = new(name, Role) { Handler = handler, MemoryMegabytes = 512, Timeout = TimeSpan.FromSeconds(30) };
        await Client.CreateFunctionAsync(spec, FunctionCode.Of(LambdaService.Tests.Support.Zip.Shell));
        return await Client.WaitUntilReadyAsync(name, TimeSpan.FromSeconds(60));
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _lambda.DisposeAsync();
    }
}
