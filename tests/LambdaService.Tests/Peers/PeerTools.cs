using System.Diagnostics;
using System.Net;
using System.Security.Cryptography;

namespace BoxerMpi.LambdaService.Tests.Peers;

/// <summary>AWS's own clients where this machine has them; <c>test.sh</c> installs them.</summary>
internal static class PeerTools
{
    // Debian's, by its path: another one on PATH may be of any version.
    private const string AwsPath = "/usr/bin/aws";
    private const string ModelPath = "/usr/lib/python3/dist-packages/awscli/botocore/data/lambda/2015-03-31/service-2.json";
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(120);

    /// <summary>Where test.sh puts the packages of the lock file: a folder a version of it.</summary>
    public static string NpmFolder
    {
        get
        {
            string cache = Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } set
                ? set
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            byte[] hash = SHA256.HashData(File.ReadAllBytes(Source("package-lock.json")));
            return Path.Combine(cache, "boxermpi", "lambda-peers-" + Convert.ToHexStringLower(hash)[..16]);
        }
    }

    public static string Source(string file) => Path.Combine(AppContext.BaseDirectory, "Peers/npm", file);

    public static string RequireModel() => Require(ModelPath, "the API model of Debian's awscli");

    public static string RequireNpm() => Require(Path.Combine(NpmFolder, "complete"), "AWS's npm packages")[..^"/complete".Length];

    /// <summary>Runs the AWS CLI against a service; fails the test when it does not end in time.</summary>
    public static Task<PeerResult> AwsAsync(IPEndPoint service, Credentials keys, params IEnumerable<string> arguments) =>
        RunAsync(
            Require(AwsPath, "Debian's awscli"), ["--endpoint-url", $"http://{service}", "--output", "json", .. arguments], service, keys);

    public static Task<PeerResult> NodeAsync(IPEndPoint service, Credentials keys, params IEnumerable<string> arguments) =>
        RunAsync("node", arguments, service, keys, ("PEERS", RequireNpm()));

    private static async Task<PeerResult> RunAsync(
        string file, IEnumerable<string> arguments, IPEndPoint service, Credentials keys, params (string Name, string Value)[] more)
    {
        ProcessStartInfo start =
            new(file, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true };
        foreach ((string name, string value) in (IEnumerable<(string, string)>)
        [
            ("AWS_ENDPOINT_URL_LAMBDA", $"http://{service}"), ("AWS_REGION", "us-east-1"), ("AWS_DEFAULT_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", keys.AccessKey), ("AWS_SECRET_ACCESS_KEY", keys.SecretKey), ("AWS_EC2_METADATA_DISABLED", "true"),
            ("AWS_PAGER", ""), ("AWS_CONFIG_FILE", "/dev/null"), ("AWS_SHARED_CREDENTIALS_FILE", "/dev/null"), ("AWS_MAX_ATTEMPTS", "1"),
            .. more,
        ])
        {
            start.Environment[name] = value;
        }

        using Process process = Process.Start(start)!;
        process.StandardInput.Close();
        using CancellationTokenSource late = new(Deadline);
        Task<string> output = process.StandardOutput.ReadToEndAsync(late.Token), error = process.StandardError.ReadToEndAsync(late.Token);
        try
        {
            await process.WaitForExitAsync(late.Token);
            return new PeerResult(process.ExitCode, await output, await error);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{file} {string.Join(' ', arguments)} did not end in time.");
        }
    }

    private static string Require(string path, string what)
    {
        Assert.SkipUnless(File.Exists(path), $"{what} is not at {path}; ./test.sh installs it when run as root on Debian");
        return path;
    }
}

/// <summary>How a client ended and what it wrote.</summary>
internal sealed record PeerResult(int ExitCode, string Output, string Error)
{
    public PeerResult Succeeds()
    {
        Assert.True(ExitCode == 0, $"exit code {ExitCode}\n{Output}\n{Error}");
        return this;
    }

    /// <summary>Fails unless the client ended with an error whose text has these parts.</summary>
    public void FailsWith(params string[] parts)
    {
        Assert.NotEqual(0, ExitCode);
        foreach (string part in parts)
            Assert.Contains(part, Error, StringComparison.Ordinal);
    }

    public System.Text.Json.JsonElement Json => System.Text.Json.JsonSerializer.Deserialize<System.Text.Json.JsonElement>(Output);
}
