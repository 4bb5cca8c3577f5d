using System.Net;
using System.Text;
using System.Text.Json;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests.Peers;

/// <summary>AWS's SDK for JavaScript in front of the service, AWS's runtime client for Node behind it.</summary>
public class NodeTests
{
    [Fact]
    public async Task The_sdk_for_javascript_finds_all_as_it_expects()
    {
        await using Service service = await Service.StartAsync();
        using TemporaryFile zip = new();
        await File.WriteAllBytesAsync(zip.Path, Zip.Shell);
        PeerResult result = await PeerTools.NodeAsync(service.Lambda.EndPoint, Service.Keys, PeerTools.Source("sdk.mjs"), zip.Path);
        Assert.Equal("all as AWS's SDK expects it", result.Succeeds().Output.Trim());
    }

    [Fact]
    public async Task The_runtime_client_for_node_serves_a_handler()
    {
        await using Service service = await Service.StartAsync();
        await CreateAsync(service, "node", "index.handler");
        string context = Convert.ToBase64String("""{"client":{"title":"t"}}"""u8);
        Answer first = (await service.InvokeAsync("node", """{"a":"ü"}""", ("X-Amz-Log-Type", "Tail"), ("X-Amz-Client-Context", context))).Is(HttpStatusCode.OK);
        JsonElement answer = first.Json;
        Assert.Null(first.FunctionError);
        Assert.Equal("ü", answer.GetProperty("event").GetProperty("a").GetString());
        Assert.Equal(first.Headers["x-amzn-RequestId"], answer.GetProperty("id").GetString());
        Assert.Equal("arn:aws:lambda:us-east-1:123456789012:function:node", answer.GetProperty("arn").GetString());
        Assert.Equal("t", answer.GetProperty("client").GetProperty("client").GetProperty("title").GetString());
        Assert.InRange(answer.GetProperty("left").GetInt32(), 1, 60_000);
        Assert.Contains($"seen {first.Headers["x-amzn-RequestId"]}", first.Log, StringComparison.Ordinal);

        Answer failed = await service.InvokeAsync("node", """{"fail":true}""");
        Assert.Equal("Unhandled", failed.FunctionError);
        Assert.Equal("TypeError", failed.Json.GetProperty("errorType").GetString());
        Assert.Equal("as asked", failed.Json.GetProperty("errorMessage").GetString());
        Assert.Equal(2, (await service.InvokeAsync("node")).Json.GetProperty("calls").GetInt32());
    }

    [Fact]
    public async Task The_runtime_client_for_node_tells_why_it_cannot_start()
    {
        await using Service service = await Service.StartAsync();
        await CreateAsync(service, "none", "missing.handler");
        Answer answer = await service.InvokeAsync("none");
        Assert.Equal("Unhandled", answer.FunctionError);
        Assert.Equal("Runtime.ImportModuleError", answer.Json.GetProperty("errorType").GetString());
    }

    private static async Task CreateAsync(Service service, string name, string handler)
    {
        string client = Path.Combine(PeerTools.RequireNpm(), "node_modules/aws-lambda-ric/bin/index.mjs");
        byte[] bootstrap = Encoding.UTF8.GetBytes($"#!/bin/sh\nexec node '{client}' \"$_HANDLER\"\n");
        byte[] zip = Zip.Of(
            ("bootstrap", bootstrap, true), ("index.mjs", await File.ReadAllBytesAsync(PeerTools.Source("index.mjs")), false));
        (await service.CreateAsync(name, handler, timeout: 60, memory: 3008, zip: zip)).Is(HttpStatusCode.Created);
    }
}
