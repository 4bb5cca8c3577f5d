using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests;

/// <summary>Invocations that somebody waits for.</summary>
public class InvokeTests
{
    [Fact]
    public async Task A_function_answers_warm_and_tells_how_it_went()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("count");
        Answer first = (await service.InvokeAsync("count", "{}", ("X-Amz-Log-Type", "Tail"))).Is(HttpStatusCode.OK);
        Assert.Equal("$LATEST", first.Headers["X-Amz-Executed-Version"]);
        Assert.Null(first.FunctionError);
        string id = first.Headers["x-amzn-RequestId"];
        Assert.Matches($"^START RequestId: {id} Version: \\$LATEST\n(?s:.*)END RequestId: {id}\nREPORT RequestId: {id}\tDuration: .* ms\tBilled Duration: \\d+ ms\t"
            + "Memory Size: 512 MB\tMax Memory Used: \\d+ MB\tInit Duration: .* ms\n$", first.Log);

        Answer second = await service.InvokeAsync("count", "{}", ("X-Amz-Log-Type", "Tail"));
        Assert.Equal(1, first.Json.GetProperty("count").GetInt32());
        Assert.Equal(2, second.Json.GetProperty("count").GetInt32());
        Assert.DoesNotContain("Init Duration", second.Log, StringComparison.Ordinal);
        Assert.DoesNotContain(id, second.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_runtime_learns_what_lambda_tells_it()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("headers", timeout: 60);
        string context = Convert.ToBase64String("""{"custom":{"a":1}}"""u8);
        Answer answer = await service.InvokeAsync("headers", "{}", ("X-Amz-Client-Context", context), ("X-Amzn-Trace-Id", "Root=1-a-b"));
        string headers = answer.Is(HttpStatusCode.OK).Text;
        Assert.Contains(
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:us-east-1:123456789012:function:headers", headers,
            StringComparison.Ordinal);
        Assert.Contains("Lambda-Runtime-Trace-Id: Root=1-a-b", headers, StringComparison.Ordinal);
        Assert.Contains("Lambda-Runtime-Client-Context: {custom:{a:1}}", headers, StringComparison.Ordinal);
        Assert.Contains($"Lambda-Runtime-Aws-Request-Id: {answer.Headers["x-amzn-RequestId"]}", headers, StringComparison.Ordinal);
        string deadline =
            headers.Split('"').Single(line => line.StartsWith("Lambda-Runtime-Deadline-Ms: ", StringComparison.Ordinal)).Split(' ')[1];
        TimeSpan left = DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(deadline, System.Globalization.CultureInfo.InvariantCulture)) - DateTimeOffset.UtcNow;
        Assert.InRange(left.TotalSeconds, 1, 60);

        await service.CreateAsync("environment", memory: 256, variables: new() { ["MY"] = "own" });
        string[] variables = (await service.InvokeAsync("environment")).Json.Deserialize<string[]>()!;
        Assert.Contains("MY=own", variables);
        Assert.Contains("_HANDLER=environment", variables);
        Assert.Contains("AWS_LAMBDA_FUNCTION_NAME=environment", variables);
        Assert.Contains("AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", variables);
        Assert.Contains("AWS_REGION=us-east-1", variables);
        Assert.Contains($"AWS_ACCESS_KEY_ID={Service.Keys.AccessKey}", variables);
        Assert.DoesNotContain(variables, line => line.StartsWith("HOME=", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Output_is_in_the_tail_and_only_its_end()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("tell");
        string log = (await service.InvokeAsync("tell", "{}", ("X-Amz-Log-Type", "Tail"))).Log;
        Assert.Contains("\nto standard output\nto standard error\nEND ", log, StringComparison.Ordinal);

        await service.CreateAsync("flood");
        Answer flood = await service.InvokeAsync("flood", "{}", ("X-Amz-Log-Type", "Tail"));
        Assert.Equal(4096, flood.Log.Length);
        Assert.Contains("line 199 ", flood.Log, StringComparison.Ordinal);
        Assert.False((await service.InvokeAsync("tell")).Headers.ContainsKey("X-Amz-Log-Result"));
    }

    [Theory]
    [InlineData("fail", "My.Error", "as asked")]
    [InlineData("exit", "Runtime.ExitError", "Error: Runtime exited with error: exit status 3")]
    [InlineData("init-error", "Init.Failed", "no luck")]
    [InlineData("init-exit", "Runtime.ExitError", "Error: Runtime exited with error: exit status 5")]
    [InlineData("hang", "Sandbox.Timedout", "Error: Task timed out after 1.00 seconds")]
    public async Task A_function_that_fails_is_a_success_of_the_service(string handler, string type, string message)
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync(handler, timeout: handler == "hang" ? 1 : 30);
        Answer answer = (await service.InvokeAsync(handler)).Is(HttpStatusCode.OK);
        Assert.Equal("Unhandled", answer.FunctionError);
        Assert.Equal(type, answer.Json.GetProperty("errorType").GetString());
        Assert.EndsWith(message, answer.Json.GetProperty("errorMessage").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Memory_beyond_the_limit_kills_the_function()
    {
        await using Service service = await Service.StartAsync();
        Assert.SkipUnless(service.Lambda.Limits.StartsWith("memory", StringComparison.Ordinal), $"no limits here: {service.Lambda.Limits}");
        await service.CreateAsync("memory", memory: 128);
        Answer answer = await service.InvokeAsync("memory");
        Assert.Equal("Unhandled", answer.FunctionError);
        Assert.EndsWith("signal: killed", answer.Json.GetProperty("errorMessage").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_start_that_takes_too_long_is_tried_once_more()
    {
        using TemporaryFile mark = new();
        await using Service service = await Service.StartAsync(options => options with { InitLimit = TimeSpan.FromSeconds(1) });
        await service.CreateAsync("init-second", variables: new() { ["MARK"] = mark.Path });
        Assert.Equal("[1]", (await service.InvokeAsync("init-second", "[1]")).Is(HttpStatusCode.OK).Text);

        await service.CreateAsync("init-hang", timeout: 1);
        Assert.Contains("timed out after 1.00", (await service.InvokeAsync("init-hang")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_an_executable_bootstrap_there_is_nothing_to_start()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("none", zip: Zip.Of(("readme", [1], false)));
        Assert.Contains("Couldn't find valid bootstrap", (await service.InvokeAsync("none")).Text, StringComparison.Ordinal);
        await service.CreateAsync("plain", zip: Zip.Of(("bootstrap", [1], false)));
        Assert.Contains("permission denied", (await service.InvokeAsync("plain")).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Payloads_have_limits_both_ways()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("echo");
        string sixMegabytes = $"\"{new string('x', 6 * 1024 * 1024 - 2)}\"";
        Assert.Equal(sixMegabytes, (await service.InvokeAsync("echo", sixMegabytes)).Is(HttpStatusCode.OK).Text);
        (await service.InvokeAsync("echo", sixMegabytes + " ")).IsError(HttpStatusCode.RequestEntityTooLarge, "RequestTooLargeException");
        string megabyte = $"\"{new string('x', 1024 * 1024 - 1)}\"";
        (await service.InvokeAsync("echo", megabyte, ("X-Amz-Invocation-Type", "Event"))).IsError(
            HttpStatusCode.RequestEntityTooLarge, "RequestTooLargeException");

        await service.CreateAsync("size");
        Assert.Equal(6_291_556, (await service.InvokeAsync("size", "6291556")).Is(HttpStatusCode.OK).Body.Length);
        Answer tooLong = await service.InvokeAsync("size", "6291557");
        Assert.Equal("Function.ResponseSizeTooLarge", tooLong.Json.GetProperty("errorType").GetString());
    }

    [Fact]
    public async Task Bad_requests_are_refused()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("echo");
        (await service.InvokeAsync("echo", "{\"a\":")).IsError(HttpStatusCode.BadRequest, "InvalidRequestContentException");
        (await service.InvokeAsync("echo", "{}", ("X-Amz-Invocation-Type", "Later"))).IsError(
            HttpStatusCode.BadRequest, "ValidationException");
        (await service.InvokeAsync("echo", "{}", ("X-Amz-Client-Context", "%%"))).IsError(
            HttpStatusCode.BadRequest, "InvalidRequestContentException");
        (await service.InvokeAsync("nobody")).IsError(HttpStatusCode.NotFound, "ResourceNotFoundException");
        (await service.InvokeAsync("echo", "{}", ("X-Amz-Invocation-Type", "DryRun"))).Is(HttpStatusCode.NoContent);
    }

    [Theory]
    [InlineData("{\"custom\":{\"a\":\"ë\u007f\"}}", "{custom:{a:ë\\u007f}}")]
    [InlineData("{\n\t\"custom\":\r\n{\"a\":1}\n}", "{  custom:  {a:1} }")]
    public async Task A_client_context_comes_as_the_same_json(string context, string header)
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("headers");
        string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(context));
        string headers = (await service.InvokeAsync("headers", "{}", ("X-Amz-Client-Context", encoded))).Is(HttpStatusCode.OK).Text;
        Assert.Contains($"Lambda-Runtime-Client-Context: {header}\"", headers, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json")]
    [InlineData("[1]")]
    [InlineData("{\"a\":\"\n\"}")]
    [InlineData("{\"a\":\"\0\"}")]
    public async Task A_client_context_that_is_no_json_object_is_refused(string context)
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("echo");
        string encoded = Convert.ToBase64String(Encoding.UTF8.GetBytes(context));
        (await service.InvokeAsync("echo", "{}", ("X-Amz-Client-Context", encoded))).IsError(
            HttpStatusCode.BadRequest, "InvalidRequestContentException");
        (await service.InvokeAsync("echo", "{}", ("X-Amz-Client-Context", new string('A', 4000)))).IsError(
            HttpStatusCode.BadRequest, "InvalidRequestContentException");
    }

    [Fact]
    public async Task A_trace_id_that_no_header_can_hold_does_not_cost_the_event()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("headers");
        string headers = (await service.InvokeAsync("headers", "{}", ("X-Amzn-Trace-Id", "Root=\u0001"))).Is(HttpStatusCode.OK).Text;
        Assert.Contains("Lambda-Runtime-Trace-Id: Root=1-", headers, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(65)]
    [InlineData(20_000)]
    public async Task Objects_may_be_nested_as_deep_as_they_like(int depth)
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("echo");
        string payload = string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth);
        Assert.Equal(payload, (await service.InvokeAsync("echo", payload)).Is(HttpStatusCode.OK).Text);
    }

    [Theory]
    [InlineData("RequestResponse")]
    [InlineData("Event")]
    public async Task Bytes_that_are_no_text_are_refused_before_the_function_starts(string kind)
    {
        List<string> happened = [];
        await using Service service = await Service.StartAsync(options => options with { Log = happened.Add });
        await service.CreateAsync("echo");
        foreach (byte[] payload in (byte[][])[[.. "{\""u8, 0xC3, 0x28, .. "\":1}"u8], [.. "\""u8, 0xED, 0xA0, 0x80, .. "\""u8]])
        {
            (await service.Client.SendAsync(
                HttpMethod.Post, "/2015-03-31/functions/echo/invocations", payload, ("X-Amz-Invocation-Type", kind))).IsError(
                HttpStatusCode.BadRequest, "InvalidRequestContentException");
        }

        Assert.Empty(Directory.Exists(Path.Combine(service.Lambda.Folder, "logs"))
            ? Directory.EnumerateFiles(Path.Combine(service.Lambda.Folder, "logs"), "*", SearchOption.AllDirectories)
            : []);
        Assert.Equal(["echo created, " + Zip.Shell.Length + " bytes"], happened);
    }

    [Fact]
    public async Task A_runtime_that_ends_after_its_answer_is_replaced()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("once");
        for (int i = 0; i < 4; i++)
            Assert.Equal("\"done\"", (await service.InvokeAsync("once")).Text.Trim());
    }
}
