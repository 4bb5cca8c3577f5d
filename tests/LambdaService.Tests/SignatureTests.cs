using System.Net;
using System.Net.Http.Headers;
using BoxerMpi.LambdaService.Tests.Support;

namespace BoxerMpi.LambdaService.Tests;

/// <summary>Who may call, and what the others are told. AWS's own clients sign against the same check in their suite.</summary>
public class SignatureTests
{
    private const string Functions = "/2015-03-31/functions";

    [Theory]
    [InlineData(Functions)]
    [InlineData(Functions + "/?MaxItems=3&Marker=a%20b%2F%3D")]
    [InlineData(Functions + "?b=2&a=1&FunctionVersion=ALL")]
    public async Task A_signed_request_is_answered(string path)
    {
        await using Service service = await Service.StartAsync();
        (await service.Client.SendAsync(HttpMethod.Get, path)).Is(HttpStatusCode.OK);
    }

    [Fact]
    public async Task Temporary_credentials_need_their_token()
    {
        Credentials temporary = Service.Keys with { SessionToken = "token" };
        await using Service service = await Service.StartAsync(options => options with { Credentials = temporary });
        using SignedClient complete = new(service.Lambda.EndPoint, temporary);
        (await complete.SendAsync(HttpMethod.Get, Functions)).Is(HttpStatusCode.OK);
        (await service.Client.SendAsync(HttpMethod.Get, Functions)).IsError(HttpStatusCode.Forbidden, "UnrecognizedClientException");
    }

    [Fact]
    public async Task Strangers_are_told_what_is_wrong()
    {
        await using Service service = await Service.StartAsync();
        IPEndPoint at = service.Lambda.EndPoint;
        await RefusedAsync(
            new(at, Service.Keys) { Tamper = request => request.Headers.Remove("Authorization") }, "MissingAuthenticationTokenException");
        await RefusedAsync(new(at, Service.Keys with { AccessKey = "AKIAOTHER" }), "UnrecognizedClientException");
        await RefusedAsync(new(at, Service.Keys with { SecretKey = "other" }), "InvalidSignatureException");
        await RefusedAsync(new(at, Service.Keys) { Region = "eu-west-1" }, "InvalidSignatureException", "region");
        await RefusedAsync(new(at, Service.Keys) { Service = "s3" }, "InvalidSignatureException", "service");
        await RefusedAsync(new(at, Service.Keys) { Skew = TimeSpan.FromMinutes(-6) }, "InvalidSignatureException", "expired");
        await RefusedAsync(new(at, Service.Keys) { Skew = TimeSpan.FromMinutes(6) }, "InvalidSignatureException", "not yet current");
        await RefusedAsync(
            new(at, Service.Keys) { Tamper = request => request.Content = new ByteArrayContent([1]) }, "InvalidSignatureException");
        await RefusedAsync(new(at, Service.Keys) { Tamper = request => request.Method = HttpMethod.Delete }, "InvalidSignatureException");
        await RefusedAsync(new(at, Service.Keys) { Tamper = Authorize("Basic", "YTpi") }, "IncompleteSignatureException");
        await RefusedAsync(
            new(at, Service.Keys) { Tamper = Authorize("AWS4-HMAC-SHA256", "Credential=a/b") }, "IncompleteSignatureException");
        await RefusedAsync(new(at, Service.Keys) { Tamper = Authorize("AWS4-HMAC-SHA256", "garbage") }, "IncompleteSignatureException");
    }

    private static Action<HttpRequestMessage> Authorize(string scheme, string value) =>
        request => request.Headers.Authorization = new AuthenticationHeaderValue(scheme, value);

    private static async Task RefusedAsync(SignedClient client, string type, string part = "")
    {
        using (client)
        {
            Answer answer = (await client.SendAsync(HttpMethod.Get, Functions)).IsError(HttpStatusCode.Forbidden, type);
            Assert.Contains(part, answer.Json.GetProperty("message").GetString(), StringComparison.Ordinal);
        }
    }
}
