using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using BoxerMpi.Aws;
using BoxerMpi.Control;
using BoxerMpi.Coordinator;
using BoxerMpi.LambdaBootstrap;
using BoxerMpi.LambdaService;
using BoxerMpi.LambdaService.Http;
using BoxerMpi.Launcher.Tests.Support;
using Microsoft.AspNetCore.Http;

namespace BoxerMpi.Launcher.Tests;

/// <summary>
/// Zips that are too large for a request go through S3: here a server that keeps what it gets, and a Lambda service that reads it there.
/// </summary>
public sealed class LambdaBucketTests
{
    private const string Token = "00112233445566778899aabbccddeeff";
    private static readonly Credentials Keys = new("AKIATESTTESTTESTTEST", "a/secret+key");
    private static readonly TimeSpan BuildDeadline = TimeSpan.FromMinutes(8);

    [Fact]
    public async Task A_large_zip_is_put_into_a_bucket_once_and_runs_from_there()
    {
        using TemporaryFolder folder = new();
        string program = folder.File("large");
        await using (FileStream file = File.Create(program))
        {
            await file.WriteAsync("#!/bin/sh\necho large\nexit 0\n"u8.ToArray());
            await file.WriteAsync(RandomNumberGenerator.GetBytes(54 * 1024 * 1024)); // does not get smaller in a zip
        }

        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        await using Bucket bucket = await Bucket.StartAsync();
        await using LocalLambda service = await LocalLambda.StartAsync(
            new LambdaServiceOptions { Credentials = Keys, ReadObject = (name, key, _) => Task.FromResult(bucket.Objects[$"/{name}/{key}"]) });

        BoxerResult none = (await DeployAsync(service, bucket, program)).ExitsWith(2);
        Assert.Contains("Lambda takes 52428800 with a request", none.Error[^2], StringComparison.Ordinal);
        Assert.Contains("--s3-bucket", none.Error[^1], StringComparison.Ordinal);
        BoxerResult missing = (await DeployAsync(service, bucket, program, "--s3-bucket", "not-there")).ExitsWith(1);
        Assert.Contains("Cannot put s3://not-there/boxer/large/", missing.Error[^1], StringComparison.Ordinal);
        Assert.Contains(
            "does not exist (NoSuchBucket). The bucket has to be in the function's region", missing.Error[^1], StringComparison.Ordinal);

        Assert.StartsWith(
            "large created (", Assert.Single((await DeployAsync(service, bucket, program, "--s3-bucket", Bucket.Name)).ExitsWith(0).Output),
            StringComparison.Ordinal);
        Assert.StartsWith(
            "large unchanged (",
            Assert.Single((await DeployAsync(service, bucket, program, "--s3-bucket", Bucket.Name)).ExitsWith(0).Output),
            StringComparison.Ordinal);
        Assert.Equal(1, bucket.Puts);
        Assert.Empty(bucket.Faults);

        using LambdaClient lambda = new(new LambdaClientOptions
        {
            EndpointUrl = $"http://{service.EndPoint}",
            Region = "us-east-1",
            Credentials = (Keys.AccessKey, Keys.SecretKey, null),
        });
        Attendants attendants = new(1);
        await using Seed seed = Seed.Start(new SeedOptions());
        seed.AddJob(new JobSpec { JobId = "job", Token = Convert.FromHexString(Token), Size = 1, Attendance = attendants });
        RankRequest request = new() { Protocol = RankRequest.CurrentProtocol, Seed = seed.EndPoint.ToString(), Job = "job", Token = Token };
        InvocationResult result = await lambda.InvokeAsync(
            new Invocation("large", JsonSerializer.SerializeToUtf8Bytes(request, MessagesJson.Default.RankRequest)));
        Assert.Null(result.Error);
        Assert.Equal("large\n", attendants.OutputOf(0));
    }

    [Theory]
    [InlineData("--s3-bucket 'S3://No' is not a bucket's name", "--s3-bucket", "S3://No")]
    [InlineData("--code and --s3-bucket exclude each other", "--s3-bucket", "mine", "--code", "s3://mine/key")]
    public async Task Bad_options_are_told(string message, params string[] options) => Assert.Contains(
        message,
        (await Boxer.RunAsync(["lambda", "deploy", "/bin/true", "--region", "us-east-1", .. options])).ExitsWith(2).Error[0],
        StringComparison.Ordinal);

    private static async Task<BoxerResult> DeployAsync(LocalLambda service, Bucket bucket, string program, params string[] options)
    {
        await using Boxer boxer = Boxer.StartWith(
            [
                new("AWS_ENDPOINT_URL_LAMBDA", $"http://{service.EndPoint}"), new("AWS_ENDPOINT_URL_S3", $"http://{bucket.EndPoint}"), new(
                    "AWS_REGION", "us-east-1"),
                new("AWS_ACCESS_KEY_ID", Keys.AccessKey), new("AWS_SECRET_ACCESS_KEY", Keys.SecretKey), new("AWS_SESSION_TOKEN", null),

                // Nobody is there; and no proxy reaches this machine's own loopback.
                new("HTTP_PROXY", "http://127.0.0.1:1"), new("http_proxy", "http://127.0.0.1:1"), new("NO_PROXY", null), new("no_proxy", null),
            ],
            ["lambda", "deploy", program, "--function", "large", "--role", "arn:aws:iam::123456789012:role/boxer", .. options]);
        return await boxer.EndAsync(BuildDeadline);
    }

    /// <summary>One bucket, as far as S3 clients see it: objects are put, looked for and kept.</summary>
    private sealed class Bucket : IAsyncDisposable
    {
        public const string Name = "my-code";

        private HttpHost? _server;
        private int _puts;

        public ConcurrentDictionary<string, byte[]> Objects { get; } = new();

        /// <summary>What a real service would not have taken.</summary>
        public ConcurrentQueue<string> Faults { get; } = new();

        public IPEndPoint EndPoint => _server!.EndPoint;

        public int Puts => _puts;

        public static async Task<Bucket> StartAsync()
        {
            Bucket bucket = new();
            bucket._server = await HttpHost.StartAsync(new IPEndPoint(IPAddress.Loopback, 0), new HttpRules(100_000_000, TimeSpan.FromMinutes(1)), bucket.HandleAsync);
            return bucket;
        }

        public ValueTask DisposeAsync() => _server!.DisposeAsync();

        private async Task HandleAsync(HttpContext context)
        {
            string path = context.Request.Path.Value!;
            if (!context.Request.Headers.Authorization.ToString().Contains("/us-east-1/s3/aws4_request", StringComparison.Ordinal))
                Faults.Enqueue($"{context.Request.Method} {path} is not signed for S3");
            switch (context.Request.Method)
            {
                case "HEAD" when Objects.TryGetValue(path, out byte[]? found):
                    context.Response.ContentLength = found.Length;
                    break;
                case "HEAD":
                    context.Response.StatusCode = 404;
                    break;
                case "PUT":
                    byte[] body = (await Bodies.ReadAsync(context, 100_000_000))!;
                    if (!path.StartsWith($"/{Name}/", StringComparison.Ordinal))
                    {
                        context.Response.StatusCode = 404;
                        context.Response.ContentType = "application/xml";
                        await context.Response.WriteAsync("""
                            <?xml version="1.0" encoding="UTF-8"?>
                            <Error><Code>NoSuchBucket</Code><Message>The specified bucket does not exist</Message><BucketName>not-there</BucketName></Error>
                            """);
                        return;
                    }

                    if (context.Request.Headers["x-amz-content-sha256"] != Convert.ToHexStringLower(SHA256.HashData(body)))
                        Faults.Enqueue($"the body of PUT {path} is not what was signed");
                    Objects[path] = body;
                    Interlocked.Increment(ref _puts);
                    context.Response.Headers.ETag = "\"1\"";
                    break;
                default:
                    Faults.Enqueue($"{context.Request.Method} {path}");
                    context.Response.StatusCode = 405;
                    break;
            }
        }
    }
}
