using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests;

/// <summary>Create, read, update, delete, list, and the limits of an account.</summary>
public class FunctionTests
{
    private const string Functions = "/2015-03-31/functions";

    [Fact]
    public async Task A_function_is_created_read_listed_and_deleted()
    {
        await using Service service = await Service.StartAsync();
        JsonElement created = (await service.CreateAsync("one", "echo", timeout: 7, memory: 1769, variables: new() { ["AB"] = "b" })).Is(HttpStatusCode.Created).Json;
        Assert.Equal("arn:aws:lambda:us-east-1:123456789012:function:one", created.GetProperty("FunctionArn").GetString());
        Assert.Equal("Pending", created.GetProperty("State").GetString());
        Assert.Equal(
            Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(Zip.Shell)), created.GetProperty("CodeSha256").GetString());

        JsonElement read = (await service.Client.SendAsync(HttpMethod.Get, Functions + "/one")).Is(HttpStatusCode.OK).Json;
        JsonElement configuration = read.GetProperty("Configuration");
        Assert.Equal("Active", configuration.GetProperty("State").GetString());
        Assert.Equal(7, configuration.GetProperty("Timeout").GetInt32());
        Assert.Equal(1769, configuration.GetProperty("MemorySize").GetInt32());
        Assert.Equal("b", configuration.GetProperty("Environment").GetProperty("Variables").GetProperty("AB").GetString());
        using HttpClient anybody = new();
        Assert.Equal(Zip.Shell, await anybody.GetByteArrayAsync(read.GetProperty("Code").GetProperty("Location").GetString()));

        JsonElement list = (await service.Client.SendAsync(HttpMethod.Get, Functions + "/")).Is(HttpStatusCode.OK).Json;
        Assert.Equal("one", Assert.Single(list.GetProperty("Functions").EnumerateArray()).GetProperty("FunctionName").GetString());

        (await service.Client.SendAsync(HttpMethod.Delete, Functions + "/one")).Is(HttpStatusCode.NoContent);
        Answer gone = (await service.Client.SendAsync(HttpMethod.Get, Functions + "/one")).IsError(
            HttpStatusCode.NotFound, "ResourceNotFoundException");
        Assert.Equal(
            "Function not found: arn:aws:lambda:us-east-1:123456789012:function:one", gone.Json.GetProperty("Message").GetString());
    }

    [Theory]
    [InlineData("one")]
    [InlineData("one:$LATEST")]
    [InlineData("function:one")]
    [InlineData("123456789012:function:one")]
    [InlineData("arn:aws:lambda:us-east-1:123456789012:function:one")]
    [InlineData("arn:aws:lambda:us-east-1:123456789012:function:one:$LATEST")]
    public async Task A_function_has_several_names(string name)
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("one", "echo");
        string encoded = Uri.EscapeDataString(name);
        (await service.Client.SendAsync(HttpMethod.Get, $"{Functions}/{encoded}/configuration")).Is(HttpStatusCode.OK);
        Assert.Equal("[1]", (await service.InvokeAsync(encoded, "[1]")).Is(HttpStatusCode.OK).Text);
    }

    [Theory]
    [InlineData("one:7", HttpStatusCode.NotFound, "ResourceNotFoundException")]
    [InlineData("arn:aws:lambda:eu-west-1:123456789012:function:one", HttpStatusCode.NotFound, "ResourceNotFoundException")]
    [InlineData("999999999999:function:one", HttpStatusCode.NotFound, "ResourceNotFoundException")]
    [InlineData("o n e", HttpStatusCode.BadRequest, "ValidationException")]
    [InlineData("one\n", HttpStatusCode.BadRequest, "ValidationException")]
    public async Task A_name_that_means_nothing_here_is_an_error(string name, HttpStatusCode status, string error)
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("one", "echo");
        (await service.Client.SendAsync(HttpMethod.Get, $"{Functions}/{Uri.EscapeDataString(name)}")).IsError(status, error);
    }

    [Fact]
    public async Task Lists_come_in_pages()
    {
        await using Service service = await Service.StartAsync();
        foreach (string name in (string[])["c", "a", "b"])
            (await service.CreateAsync(name, "echo")).Is(HttpStatusCode.Created);
        JsonElement first = (await service.Client.SendAsync(HttpMethod.Get, Functions + "?MaxItems=2")).Json;
        Assert.Equal(["a", "b"], Names(first));
        JsonElement second =
            (await service.Client.SendAsync(HttpMethod.Get, $"{Functions}?Marker={first.GetProperty("NextMarker")}&MaxItems=2")).Json;
        Assert.Equal(["c"], Names(second));
        Assert.False(second.TryGetProperty("NextMarker", out _));

        static IEnumerable<string?> Names(JsonElement page) =>
            page.GetProperty("Functions").EnumerateArray().Select(function => function.GetProperty("FunctionName").GetString());
    }

    [Fact]
    public async Task An_update_changes_what_runs_next()
    {
        await using Service service = await Service.StartAsync();
        JsonElement created = (await service.CreateAsync("one", "echo")).Json;
        await service.InvokeAsync("one");
        (await service.Client.SendAsync(HttpMethod.Put, Functions + "/one/configuration", new JsonObject { ["Handler"] = "tell" })).Is(
            HttpStatusCode.OK);
        Assert.Equal("\"told\"", (await service.InvokeAsync("one")).Text.Trim());

        byte[] zip = Zip.Of(("bootstrap", "#!/bin/sh\nexit 9\n"u8.ToArray(), true));
        JsonObject code = new() { ["ZipFile"] = Convert.ToBase64String(zip) };
        JsonElement updated = (await service.Client.SendAsync(HttpMethod.Put, Functions + "/one/code", code)).Is(HttpStatusCode.OK).Json;
        Assert.Equal("InProgress", updated.GetProperty("LastUpdateStatus").GetString());
        Assert.Contains("exit status 9", (await service.InvokeAsync("one")).Text, StringComparison.Ordinal);

        code["RevisionId"] = created.GetProperty("RevisionId").GetString();
        (await service.Client.SendAsync(HttpMethod.Put, Functions + "/one/code", code)).IsError(
            HttpStatusCode.PreconditionFailed, "PreconditionFailedException");
    }

    [Fact]
    public async Task A_function_that_is_not_ready_is_not_invoked_or_updated()
    {
        await using Service service = await Service.StartAsync(options => options with { ActivationDelay = TimeSpan.FromHours(1) });
        await service.CreateAsync("one", "echo");
        Assert.Equal(
            "Pending",
            (await service.Client.SendAsync(HttpMethod.Get, Functions + "/one/configuration")).Json.GetProperty("State").GetString());
        (await service.InvokeAsync("one")).IsError(HttpStatusCode.Conflict, "ResourceConflictException");
        (await service.Client.SendAsync(HttpMethod.Put, Functions + "/one/configuration", new JsonObject { ["Timeout"] = 9 }))
            .IsError(HttpStatusCode.Conflict, "ResourceConflictException");
    }

    [Theory]
    [InlineData("Runtime", "\"nodejs20.x\"", "InvalidParameterValueException")]
    [InlineData("Role", "\"me\"", "ValidationException")]
    [InlineData("Role", "null", "ValidationException")]
    [InlineData("Timeout", "901", "ValidationException")]
    [InlineData("Timeout", "\"long\"", "SerializationException")]
    [InlineData("MemorySize", "127", "ValidationException")]
    [InlineData("Architectures", "[\"sparc\"]", "ValidationException")]
    [InlineData("FunctionName", "\"a/b\"", "ValidationException")]
    [InlineData("Environment", "{\"Variables\":{\"AWS_REGION\":\"x\"}}", "InvalidParameterValueException")]
    [InlineData("Environment", "{\"Variables\":{\"1A\":\"x\"}}", "ValidationException")]
    [InlineData("Code", "{\"ZipFile\":\"AAAA\"}", "InvalidParameterValueException")]
    [InlineData("Code", "{\"ZipFile\":\"no base64!\"}", "SerializationException")]
    [InlineData("Code", "{\"S3Bucket\":\"b\",\"S3Key\":\"k\"}", "InvalidParameterValueException")]
    [InlineData("Code", "{}", "InvalidParameterValueException")]
    [InlineData("Publish", "true", "InvalidParameterValueException")]
    [InlineData("PackageType", "\"Image\"", "InvalidParameterValueException")]
    public async Task Bad_members_are_refused(string member, string value, string error)
    {
        await using Service service = await Service.StartAsync();
        JsonObject request = new()
        {
            ["FunctionName"] = "one",
            ["Runtime"] = "provided.al2023",
            ["Role"] = Service.Role,
            ["Handler"] = "echo",
            ["Code"] = new JsonObject { ["ZipFile"] = Convert.ToBase64String(Zip.Shell) },
            [member] = JsonNode.Parse(value),
        };
        (await service.Client.SendAsync(HttpMethod.Post, Functions, request)).IsError(HttpStatusCode.BadRequest, error);
        Assert.Empty((await service.Client.SendAsync(HttpMethod.Get, Functions)).Json.GetProperty("Functions").EnumerateArray());
    }

    [Fact]
    public async Task A_zip_stays_within_its_folder()
    {
        await using Service service = await Service.StartAsync();
        byte[] outward = Zip.Of(("../bootstrap", "x"u8.ToArray(), true));
        (await service.CreateAsync("one", zip: outward)).IsError(HttpStatusCode.BadRequest, "InvalidParameterValueException");
        (await service.CreateAsync("one", "echo")).Is(HttpStatusCode.Created);
        (await service.CreateAsync("one", "echo")).IsError(HttpStatusCode.Conflict, "ResourceConflictException");
    }

    [Fact]
    public async Task Limits_are_set_and_read()
    {
        await using Service service = await Service.StartAsync(options => options with { Concurrency = 10 });
        await service.CreateAsync("one", "echo");
        const string Concurrency = "/2017-10-31/functions/one/concurrency";
        (await service.Client.SendAsync(HttpMethod.Put, Concurrency, new JsonObject { ["ReservedConcurrentExecutions"] = 11 }))
            .IsError(HttpStatusCode.BadRequest, "InvalidParameterValueException");
        (await service.Client.SendAsync(HttpMethod.Put, Concurrency, new JsonObject { ["ReservedConcurrentExecutions"] = 4 })).Is(
            HttpStatusCode.OK);
        Assert.Equal(4, (await service.Client.SendAsync(HttpMethod.Get, "/2019-09-30/functions/one/concurrency")).Json.GetProperty("ReservedConcurrentExecutions").GetInt32());
        JsonElement account = (await service.Client.SendAsync(HttpMethod.Get, "/2016-08-19/account-settings")).Json.GetProperty(
            "AccountLimit");
        Assert.Equal(10, account.GetProperty("ConcurrentExecutions").GetInt32());
        Assert.Equal(6, account.GetProperty("UnreservedConcurrentExecutions").GetInt32());
        (await service.Client.SendAsync(HttpMethod.Delete, Concurrency)).Is(HttpStatusCode.NoContent);

        const string Events = "/2019-09-25/functions/one/event-invoke-config";
        (await service.Client.SendAsync(HttpMethod.Get, Events)).IsError(HttpStatusCode.NotFound, "ResourceNotFoundException");
        (await service.Client.SendAsync(HttpMethod.Put, Events, new JsonObject { ["MaximumRetryAttempts"] = 3 })).IsError(
            HttpStatusCode.BadRequest, "ValidationException");
        (await service.Client.SendAsync(HttpMethod.Put, Events, new JsonObject { ["MaximumRetryAttempts"] = 0 })).Is(HttpStatusCode.OK);
        Assert.Equal(0, (await service.Client.SendAsync(HttpMethod.Get, Events)).Json.GetProperty("MaximumRetryAttempts").GetInt32());
        (await service.Client.SendAsync(HttpMethod.Delete, Events)).Is(HttpStatusCode.NoContent);
    }

    [Fact]
    public async Task What_the_service_does_not_have_it_says_so()
    {
        await using Service service = await Service.StartAsync();
        (await service.Client.SendAsync(HttpMethod.Get, "/2015-03-31/event-source-mappings/")).IsError(
            HttpStatusCode.NotFound, "UnknownOperationException");
    }
}
