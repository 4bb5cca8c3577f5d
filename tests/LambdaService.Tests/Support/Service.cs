using System.Text.Json.Nodes;

namespace BoxerMpi.LambdaService.Tests.Support;

/// <summary>A service of a test's own with a client that it accepts.</summary>
internal sealed class Service : IAsyncDisposable
{
    public static readonly Credentials Keys = new("AKIATESTTESTTESTTEST", "a/secret+key");
    public const string Role = "arn:aws:iam::123456789012:role/boxer";

    private readonly LocalLambda _lambda;

    private Service(LocalLambda lambda)
    {
        _lambda = lambda;
        Client = new SignedClient(lambda.EndPoint, Keys);
    }

    public SignedClient Client { get; }

    public LocalLambda Lambda => _lambda;

    public static async Task<Service> StartAsync(Func<LambdaServiceOptions, LambdaServiceOptions>? change = null)
    {
        LambdaServiceOptions options = new() { Credentials = Keys };
        return new Service(await LocalLambda.StartAsync(change is null ? options : change(options)));
    }

    /// <summary>Creates a function whose handler is its name, or another one.</summary>
    public Task<Answer> CreateAsync(
        string name, string? handler = null, int timeout = 30, int memory = 512, byte[]? zip = null, JsonObject? variables = null) =>
        Client.SendAsync(HttpMethod.Post, "/2015-03-31/functions", new JsonObject
        {
            ["FunctionName"] = name,
            ["Runtime"] = "provided.al2023",
            ["Role"] = Role,
            ["Handler"] = handler ?? name,
            ["Code"] = new JsonObject { ["ZipFile"] = Convert.ToBase64String(zip ?? Zip.Shell) },
            ["Timeout"] = timeout,
            ["MemorySize"] = memory,
            ["Environment"] = new JsonObject { ["Variables"] = variables ?? [] },
        });

    public Task<Answer> InvokeAsync(string name, string payload = "{}", params (string Name, string Value)[] headers) =>
        Client.SendAsync(
            HttpMethod.Post, $"/2015-03-31/functions/{name}/invocations", System.Text.Encoding.UTF8.GetBytes(payload), headers);

    public async ValueTask DisposeAsync()
    {
        await _lambda.DisposeAsync();
        Client.Dispose();
    }
}
