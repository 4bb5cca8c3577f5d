using System.Net;
using BoxerMpi.Launcher.Tests.Support;
using BoxerMpi.Processes;

namespace BoxerMpi.Launcher.Tests;

/// <summary><c>boxer lambda serve</c> as a command; what it serves has a suite of its own.</summary>
public class LambdaServeTests
{
    private static readonly KeyValuePair<string, string?>[] NoKeys =
        [new("AWS_ACCESS_KEY_ID", null), new("AWS_SECRET_ACCESS_KEY", null), new("AWS_REGION", null), new("AWS_DEFAULT_REGION", null)];

    [Fact]
    public async Task It_serves_until_a_signal_and_says_how_to_use_it()
    {
        await using Boxer boxer = Boxer.StartWith(NoKeys, "lambda", "serve", "--region", "eu-west-1");
        string address = (await boxer.Output.WaitForAsync("lambda http://127.0.0.1:"))["lambda ".Length..];
        string use = await boxer.Output.WaitForAsync("use with: ");
        Assert.Matches($"export AWS_ENDPOINT_URL_LAMBDA={address} AWS_REGION=eu-west-1 AWS_ACCESS_KEY_ID=AKIA[A-Z2-7]{{16}} AWS_SECRET_ACCESS_KEY=[0-9a-f]{{40}}$", use);
        using HttpClient client = new() { Timeout = Boxer.Deadline };
        using HttpResponseMessage answer = await client.GetAsync($"{address}/2015-03-31/functions");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.Equal("MissingAuthenticationTokenException", answer.Headers.GetValues("x-amzn-ErrorType").Single());
        boxer.Signal(NativeMethods.SigTerm);
        (await boxer.EndAsync()).ExitsWith(128 + NativeMethods.SigTerm);
    }

    [Fact]
    public async Task Its_files_go_with_it_even_when_it_is_killed()
    {
        await using Boxer boxer = Boxer.StartWith(NoKeys, "lambda", "serve");
        await boxer.Output.WaitForAsync("use with: ");
        Assert.Single(Folders());
        boxer.Signal(NativeMethods.SigKill);
        await ProcessList.UntilAsync(() => Folders().Length == 0, () => string.Join(" ", Folders()));

        string[] Folders() =>
            [.. ((string[])["/var/tmp", Path.GetTempPath()]).SelectMany(parent => Directory.EnumerateDirectories(parent, $"boxer-lambda-{boxer.Id}-*"))];
    }

    [Fact]
    public async Task Keys_that_were_given_are_not_shown()
    {
        await using Boxer boxer = Boxer.StartWith(NoKeys, "lambda", "serve", "--access-key", "AKIAMINE", "--secret-key", "hidden");
        await boxer.Output.WaitForAsync("use with: ");
        boxer.Signal(NativeMethods.SigInt);
        BoxerResult result = (await boxer.EndAsync()).ExitsWith(128 + NativeMethods.SigInt);
        Assert.DoesNotContain(result.Output, line => line.Contains("hidden", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--port '70000' is not a number from 0 to 65535", "--port", "70000")]
    [InlineData("--concurrency '0' is not a number from 1 to 100000", "--concurrency", "0")]
    [InlineData("--access-key and --secret-key belong together", "--access-key", "A")]
    [InlineData("--listen 'nowhere' is not an address", "--listen", "nowhere")]
    [InlineData("unknown option '--prt'; did you mean --port?", "--prt", "1")]
    public async Task Bad_options_are_told(string message, params string[] options)
    {
        BoxerResult result = (await Boxer.RunAsync(["lambda", "serve", .. options])).ExitsWith(2);
        Assert.Contains(message, result.Error[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_command_of_a_group_may_be_missing_or_wrong()
    {
        Assert.Contains("boxer lambda is not complete", (await Boxer.RunAsync("lambda")).ExitsWith(2).Error[0], StringComparison.Ordinal);
        Assert.Contains("did you mean serve?", (await Boxer.RunAsync("lambda", "serv")).ExitsWith(2).Error[0], StringComparison.Ordinal);
    }
}
