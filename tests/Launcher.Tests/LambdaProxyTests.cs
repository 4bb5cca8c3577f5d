using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary>Where the environment names a proxy, as it does in many companies.</summary>
public sealed class LambdaProxyTests
{
    // Nobody listens there.
    private static readonly KeyValuePair<string, string?>[] Dead =
    [
        .. ((string[])["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy"]).Select(
            name => new KeyValuePair<string, string?>(name, "http://user:hidden@127.0.0.1:1")),
        new("NO_PROXY", null), new("no_proxy", null), new("AWS_ACCESS_KEY_ID", "AKIAMINE"), new("AWS_SECRET_ACCESS_KEY", "mine"),
        new("AWS_SESSION_TOKEN", null), new("AWS_REGION", "us-east-1"), new("AWS_ENDPOINT_URL_LAMBDA", null),
    ];

    [Fact]
    public async Task A_service_on_this_machine_is_asked_without_it()
    {
        await using Boxer service = Boxer.StartWith(Dead, "lambda", "serve");
        string address = (await service.Output.WaitForAsync("lambda http://127.0.0.1:"))["lambda ".Length..];
        await using Boxer list = Boxer.StartWith(Dead, "lambda", "list", "--endpoint-url", address);
        Assert.Empty((await list.EndAsync()).ExitsWith(0).Output);
        service.Signal(NativeMethods.SigTerm);
        await service.EndAsync();
    }

    [Theory]
    [InlineData("http://192.0.2.1:9001", "no answer from http://192.0.2.1:9001/ by way of the proxy http://127.0.0.1:1")]
    [InlineData(null, "no answer from Lambda in us-east-1 by way of the proxy http://127.0.0.1:1")]
    public async Task An_error_names_it(string? endpoint, string message)
    {
        string[] where = endpoint is null ? [] : ["--endpoint-url", endpoint];
        await using Boxer list = Boxer.StartWith(Dead, ["lambda", "list", .. where]);
        string error = string.Join('\n', (await list.EndAsync()).ExitsWith(1).Error);
        Assert.Contains(message, error, StringComparison.Ordinal);
        Assert.DoesNotContain("hidden", error, StringComparison.Ordinal);
    }
}
