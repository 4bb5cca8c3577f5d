using System.Text;
using System.Text.Json;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests.Peers;

/// <summary>Debian's AWS CLI uses the service as it would use AWS.</summary>
public class AwsCliTests
{
    [Fact]
    public async Task The_aws_command_creates_invokes_changes_lists_and_deletes()
    {
        await using Service service = await Service.StartAsync();
        using TemporaryFile zip = new(), payload = new();
        await File.WriteAllBytesAsync(zip.Path, Zip.Shell);
        JsonElement created =
            (await AwsAsync(service, "create-function", "--function-name", "cli", "--runtime", "provided.al2023", "--role", Service.Role,
            "--handler", "tell", "--zip-file", $"fileb://{zip.Path}", "--memory-size", "1769", "--timeout", "20", "--environment",
            "Variables={COLOUR=blue}")).Succeeds().Json;
        Assert.Equal("cli", created.GetProperty("FunctionName").GetString());
        (await AwsAsync(service, "wait", "function-active-v2", "--function-name", "cli")).Succeeds();

        PeerResult invoked = await AwsAsync(service, "invoke", "--function-name", "cli", "--log-type", "Tail",
            "--cli-binary-format", "raw-in-base64-out", "--payload", "{\"a\": 1}", payload.Path);
        JsonElement answer = invoked.Succeeds().Json;
        Assert.Equal("\"told\"", (await File.ReadAllTextAsync(payload.Path)).Trim());
        Assert.Equal(200, answer.GetProperty("StatusCode").GetInt32());
        Assert.Contains(
            "to standard error", Encoding.UTF8.GetString(answer.GetProperty("LogResult").GetBytesFromBase64()), StringComparison.Ordinal);
        Assert.Equal(202, (await AwsAsync(service, "invoke", "--function-name", "cli", "--invocation-type", "Event", payload.Path)).Succeeds().Json.GetProperty("StatusCode").GetInt32());

        (await AwsAsync(service, "update-function-configuration", "--function-name", "cli", "--handler", "exit")).Succeeds();
        (await AwsAsync(service, "wait", "function-updated-v2", "--function-name", "cli")).Succeeds();
        Assert.Equal("Unhandled", (await AwsAsync(service, "invoke", "--function-name", "cli", payload.Path)).Succeeds().Json.GetProperty("FunctionError").GetString());
        Assert.Contains("Runtime.ExitError", await File.ReadAllTextAsync(payload.Path), StringComparison.Ordinal);

        (await AwsAsync(service, "update-function-code", "--function-name", "cli", "--zip-file", $"fileb://{zip.Path}")).Succeeds();
        (await AwsAsync(service, "put-function-concurrency", "--function-name", "cli", "--reserved-concurrent-executions", "0")).Succeeds();
        (await AwsAsync(service, "invoke", "--function-name", "cli", payload.Path)).FailsWith("TooManyRequestsException", "Rate Exceeded.");
        JsonElement read = (await AwsAsync(service, "get-function", "--function-name", "cli")).Succeeds().Json;
        Assert.Equal(0, read.GetProperty("Concurrency").GetProperty("ReservedConcurrentExecutions").GetInt32());
        Assert.Equal(
            "exit",
            (await AwsAsync(service, "list-functions")).Succeeds().Json.GetProperty("Functions")[0].GetProperty("Handler").GetString());
        (await AwsAsync(service, "delete-function", "--function-name", "cli")).Succeeds();
        (await AwsAsync(service, "get-function", "--function-name", "cli")).FailsWith("ResourceNotFoundException", "function:cli");
    }

    [Fact]
    public async Task The_aws_command_hears_that_it_is_a_stranger()
    {
        await using Service service = await Service.StartAsync();
        (await PeerTools.AwsAsync(service.Lambda.EndPoint, Service.Keys with { SecretKey = "wrong" }, "lambda", "list-functions"))
            .FailsWith("InvalidSignatureException", "does not match the signature you provided");
        (await PeerTools.AwsAsync(service.Lambda.EndPoint, Service.Keys with { AccessKey = "AKIAWRONG" }, "lambda", "list-functions"))
            .FailsWith("UnrecognizedClientException");
    }

    private static Task<PeerResult> AwsAsync(Service service, params string[] arguments) =>
        PeerTools.AwsAsync(service.Lambda.EndPoint, Service.Keys, ["lambda", .. arguments]);
}
