using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests;

/// <summary>What other users of the machine, and whoever has no keys, get from the service: nothing, and at little cost.</summary>
public class StrangerTests
{
    private const string Nobody = "65534";
    private const int EightMegabytes = 8 * 1024 * 1024;

    [Theory]
    [InlineData("invocation/next", "")]
    [InlineData("init/error", "{}")]
    public async Task Another_user_gets_no_event_from_the_runtime_api(string path, string body)
    {
        RequireStranger();
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("environment");
        string[] variables = (await service.InvokeAsync("environment")).Is(HttpStatusCode.OK).Json.Deserialize<string[]>()!;
        string api = variables.Single(line => line.StartsWith("AWS_LAMBDA_RUNTIME_API=", StringComparison.Ordinal)).Split('=')[1];
        string[] post = body.Length > 0 ? ["--data", body] : [];
        string answer = await AsNobodyAsync(
            "curl", ["-sS", "--max-time", "10", "-w", "\n%{http_code}", .. post, $"http://{api}/2018-06-01/runtime/{path}"]);
        Assert.EndsWith("\n403", answer, StringComparison.Ordinal);
        Assert.Contains("the function's own user", answer, StringComparison.Ordinal);
        (await service.InvokeAsync("environment")).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Another_user_reads_neither_code_nor_output_nor_events()
    {
        RequireStranger();
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("tell");
        (await service.InvokeAsync("tell")).Is(HttpStatusCode.OK);
        string found = await AsNobodyAsync("find", [service.Lambda.Folder]);
        Assert.DoesNotContain("bootstrap", found, StringComparison.Ordinal);

        // Each part of it is private by itself as well, but for what functions make in their folder for temporary files.
        string[] open =
        [
            .. Directory.EnumerateFileSystemEntries(service.Lambda.Folder, "*", SearchOption.AllDirectories)
                .Where(path => !path.Contains("/tmp/tmp", StringComparison.Ordinal))
                .Where(path => !OperatingSystem.IsWindows() && ((int)File.GetUnixFileMode(path) & 0x3F) != 0),
        ];
        Assert.Empty(open);
        Assert.Contains(Directory.EnumerateFiles(service.Lambda.Folder, "*.log", SearchOption.AllDirectories), File.Exists);
    }

    [Theory]
    [InlineData("", "MissingAuthenticationTokenException")]
    [InlineData("AWS4-HMAC-SHA256 Credential=AKIAOTHER/20260101/us-east-1/lambda/aws4_request, SignedHeaders=host;x-amz-date, Signature=0", "UnrecognizedClientException")]
    public async Task Who_has_no_keys_is_turned_away_before_the_body_is_read(string authorization, string error)
    {
        await using Service service = await Service.StartAsync();
        using Socket socket = await ConnectAsync(service);
        string head = "POST /2015-03-31/functions HTTP/1.1\r\nHost: here\r\n"
            + (authorization.Length > 0 ? $"Authorization: {authorization}\r\n" : "") + $"Content-Length: {EightMegabytes}\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head));
        using StreamReader reader = new(new NetworkStream(socket));
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(30));
        Assert.Equal("HTTP/1.1 403 Forbidden", await reader.ReadLineAsync(late.Token));
        string headers = "";
        while (await reader.ReadLineAsync(late.Token) is { Length: > 0 } line)
            headers += line + "\n";
        Assert.Contains($"x-amzn-ErrorType: {error}", headers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_long_body_with_a_wrong_signature_leaves_nothing()
    {
        await using Service service = await Service.StartAsync();
        using SignedClient forger = new(service.Lambda.EndPoint, Service.Keys with { SecretKey = "wrong" });
        (await forger.SendAsync(HttpMethod.Post, "/2015-03-31/functions", new byte[EightMegabytes])).IsError(
            HttpStatusCode.Forbidden, "InvalidSignatureException");
        Assert.DoesNotContain(
            Directory.EnumerateFiles(service.Lambda.Folder), path => new FileInfo(path).Length >= EightMegabytes);
    }

    [Fact]
    public async Task A_long_body_comes_in_pieces_of_any_size()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("echo");
        foreach (int length in (int[])[65_534, 65_535, 65_536, 65_537, 300_000])
        {
            string payload = $"\"{new string('x', length - 2)}\"";
            Assert.Equal(payload, (await service.InvokeAsync("echo", payload)).Is(HttpStatusCode.OK).Text);
        }
    }

    [Fact]
    public async Task Silent_connections_keep_nobody_out()
    {
        await using Service service = await Service.StartAsync();
        Task<Answer> Ask() => service.Client.SendAsync(HttpMethod.Get, "/2015-03-31/functions");
        (await Ask()).Is(HttpStatusCode.OK);
        List<Socket> silent = [];
        try
        {
            for (int i = 0; i < 300; i++)
                silent.Add(await ConnectAsync(service));

            // The oldest is gone, who had signed a request is not, nor is who comes now.
            using CancellationTokenSource late = new(TimeSpan.FromSeconds(60));
            Assert.Equal(0, await ReadOrResetAsync(silent[0], late.Token));
            (await Ask()).Is(HttpStatusCode.OK);
            using SignedClient next = new(service.Lambda.EndPoint, Service.Keys);
            (await next.SendAsync(HttpMethod.Get, "/2015-03-31/functions")).Is(HttpStatusCode.OK);
        }
        finally
        {
            foreach (Socket socket in silent)
                socket.Dispose();
        }
    }

    private static void RequireStranger() =>
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/usr/bin/setpriv"), "only root can act as another user");

    private static async Task<Socket> ConnectAsync(Service service)
    {
        Socket socket = new(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(service.Lambda.EndPoint);
        return socket;
    }

    private static async Task<int> ReadOrResetAsync(Socket socket, CancellationToken late)
    {
        try
        {
            return await socket.ReceiveAsync(new byte[1], late);
        }
        catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
        {
            return 0;
        }
    }

    private static async Task<string> AsNobodyAsync(string program, string[] arguments)
    {
        ProcessStartInfo start = new("setpriv", ["--reuid", Nobody, "--regid", Nobody, "--clear-groups", program, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        using CancellationTokenSource late = new(TimeSpan.FromSeconds(60));
        Task<string> error = process.StandardError.ReadToEndAsync(late.Token);
        string output = await process.StandardOutput.ReadToEndAsync(late.Token);
        await process.WaitForExitAsync(late.Token);
        return (await error) + output;
    }
}
