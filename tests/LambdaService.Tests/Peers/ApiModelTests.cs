using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using BoxerMpi.LambdaService.Api;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests.Peers;

/// <summary>The service against the machine-readable model of the API that AWS ships with its CLI.</summary>
public class ApiModelTests
{
    private const string Functions = "/2015-03-31/functions";

    // Of every service, so in no service's model.
    private static readonly string[] CommonErrors = ["ValidationException", "SerializationException"];

    private readonly JsonElement _model = JsonSerializer.Deserialize<JsonElement>(File.ReadAllBytes(PeerTools.RequireModel()));

    [Fact]
    public async Task Operations_have_the_methods_paths_and_statuses_of_the_model()
    {
        await using Service service = await Service.StartAsync();
        ApiOperation[] operations = [.. service.Lambda.Operations.Where(operation => !operation.IsPublic)];
        Assert.True(operations.Length >= 16);
        foreach (ApiOperation operation in operations)
        {
            JsonElement http = Operation(operation.Name).GetProperty("http");
            Assert.Equal(http.GetProperty("method").GetString(), operation.Method);
            Assert.Equal(http.GetProperty("requestUri").GetString()!.TrimEnd('/'), operation.Template);
            Assert.Equal(http.TryGetProperty("responseCode", out JsonElement code) ? code.GetInt32() : 200, operation.Success);
        }
    }

    [Fact]
    public async Task Answers_have_the_members_of_the_model()
    {
        await using Service service = await Service.StartAsync();
        Conforms("CreateFunction", await service.CreateAsync("echo", variables: new() { ["COLOUR"] = "blue" }));
        Conforms("GetFunction", await service.Client.SendAsync(HttpMethod.Get, Functions + "/echo"));
        Conforms("GetFunctionConfiguration", await service.Client.SendAsync(HttpMethod.Get, Functions + "/echo/configuration"));
        Conforms("ListFunctions", await service.Client.SendAsync(HttpMethod.Get, Functions));
        Conforms(
            "UpdateFunctionConfiguration",
            await service.Client.SendAsync(HttpMethod.Put, Functions + "/echo/configuration", new JsonObject { ["Timeout"] = 9 }));
        JsonObject code = new() { ["ZipFile"] = Convert.ToBase64String(Zip.Shell) };
        Conforms("UpdateFunctionCode", await service.Client.SendAsync(HttpMethod.Put, Functions + "/echo/code", code));
        JsonObject concurrency = new() { ["ReservedConcurrentExecutions"] = 3 };
        Conforms(
            "PutFunctionConcurrency",
            await service.Client.SendAsync(HttpMethod.Put, "/2017-10-31/functions/echo/concurrency", concurrency));
        Conforms("GetFunctionConcurrency", await service.Client.SendAsync(HttpMethod.Get, "/2019-09-30/functions/echo/concurrency"));
        JsonObject events = new() { ["MaximumRetryAttempts"] = 0 };
        Conforms(
            "PutFunctionEventInvokeConfig",
            await service.Client.SendAsync(HttpMethod.Put, "/2019-09-25/functions/echo/event-invoke-config", events));
        Conforms(
            "GetFunctionEventInvokeConfig",
            await service.Client.SendAsync(HttpMethod.Get, "/2019-09-25/functions/echo/event-invoke-config"));
        Conforms("GetAccountSettings", await service.Client.SendAsync(HttpMethod.Get, "/2016-08-19/account-settings/"));

        Answer invoked = await service.InvokeAsync("echo", "{}", ("X-Amz-Log-Type", "Tail"));
        foreach (string header in (string[])["ExecutedVersion", "LogResult"])
            Assert.True(invoked.Headers.ContainsKey(Member("InvocationResponse", header).GetProperty("locationName").GetString()!), header);
    }

    [Fact]
    public async Task Errors_have_the_statuses_and_members_of_the_model()
    {
        await using Service service = await Service.StartAsync();
        await service.CreateAsync("echo");
        IsModelled("CreateFunction", await service.CreateAsync("echo"));
        IsModelled("CreateFunction", await service.CreateAsync("wrong", zip: [1]));
        IsModelled("CreateFunction", await service.CreateAsync("wrong", timeout: 901));
        IsModelled("GetFunction", await service.Client.SendAsync(HttpMethod.Get, Functions + "/nobody"));
        IsModelled("UpdateFunctionCode", await service.Client.SendAsync(
            HttpMethod.Put, Functions + "/echo/code",
            new JsonObject { ["ZipFile"] = Convert.ToBase64String(Zip.Shell), ["RevisionId"] = "old" }));
        IsModelled(
            "UpdateFunctionConfiguration",
            await service.Client.SendAsync(HttpMethod.Put, Functions + "/echo/configuration", "{"u8.ToArray()));
        IsModelled("Invoke", await service.InvokeAsync("nobody"));
        IsModelled("Invoke", await service.InvokeAsync("echo", "{"));
        IsModelled("Invoke", await service.InvokeAsync("echo", new string(' ', 6 * 1024 * 1024 + 1)));
        IsModelled("Invoke", await service.InvokeAsync("echo", "{}", ("X-Amz-Invocation-Type", "Later")));
        await service.Client.SendAsync(
            HttpMethod.Put, "/2017-10-31/functions/echo/concurrency", new JsonObject { ["ReservedConcurrentExecutions"] = 0 });
        Answer throttled = await service.InvokeAsync("echo");
        IsModelled("Invoke", throttled);
        Assert.Contains(
            throttled.Json.GetProperty("Reason").GetString(),
            Shape("ThrottleReason").GetProperty("enum").EnumerateArray().Select(value => value.GetString()));
        IsModelled(
            "GetFunctionEventInvokeConfig",
            await service.Client.SendAsync(HttpMethod.Get, "/2019-09-25/functions/echo/event-invoke-config"));
    }

    private JsonElement Operation(string name) => _model.GetProperty("operations").GetProperty(name);

    private JsonElement Shape(string name) => _model.GetProperty("shapes").GetProperty(name);

    private JsonElement Member(string shape, string member) => Shape(shape).GetProperty("members").GetProperty(member);

    private void Conforms(string operation, Answer answer)
    {
        Assert.InRange((int)answer.Status, 200, 299);
        Conforms(operation, answer.Json, Operation(operation).GetProperty("output").GetProperty("shape").GetString()!);
    }

    /// <summary>Every value has a place in the model and the type that it has there.</summary>
    private void Conforms(string path, JsonElement value, string shapeName)
    {
        JsonElement shape = Shape(shapeName);
        string type = shape.GetProperty("type").GetString()!;
        JsonValueKind[] kinds = type switch
        {
            "structure" or "map" => [JsonValueKind.Object],
            "list" => [JsonValueKind.Array],
            "string" => [JsonValueKind.String],
            "boolean" => [JsonValueKind.True, JsonValueKind.False],
            _ => [JsonValueKind.Number],
        };
        Assert.True(kinds.Contains(value.ValueKind), $"{path} is {value.ValueKind}, the model says {type}");

        // Debian's model is older than this one runtime.
        if (shape.TryGetProperty("enum", out JsonElement values) && value.GetString() != "provided.al2023")
            Assert.Contains(value.GetString(), values.EnumerateArray().Select(one => one.GetString()));
        switch (type)
        {
            case "structure":
                foreach (JsonProperty member in value.EnumerateObject())
                {
                    Assert.True(
                        shape.GetProperty("members").TryGetProperty(member.Name, out JsonElement known),
                        $"{path} has {member.Name}, the model has not");
                    Conforms($"{path}.{member.Name}", member.Value, known.GetProperty("shape").GetString()!);
                }

                break;
            case "list":
                foreach (JsonElement item in value.EnumerateArray())
                    Conforms($"{path}[]", item, shape.GetProperty("member").GetProperty("shape").GetString()!);
                break;
            case "map":
                foreach (JsonProperty item in value.EnumerateObject())
                    Conforms($"{path}.{item.Name}", item.Value, shape.GetProperty("value").GetProperty("shape").GetString()!);
                break;
        }
    }

    private void IsModelled(string operation, Answer answer)
    {
        string type = answer.ErrorType!;
        if (CommonErrors.Contains(type))
        {
            Assert.Equal(HttpStatusCode.BadRequest, answer.Status);
            return;
        }

        Assert.Contains(
            type, Operation(operation).GetProperty("errors").EnumerateArray().Select(error => error.GetProperty("shape").GetString()));
        Assert.Equal(Shape(type).GetProperty("error").GetProperty("httpStatusCode").GetInt32(), (int)answer.Status);
        foreach (JsonProperty member in answer.Json.EnumerateObject())
            Assert.True(
                Shape(type).GetProperty("members").TryGetProperty(member.Name, out _), $"{type} has {member.Name}, the model has not");
    }
}
