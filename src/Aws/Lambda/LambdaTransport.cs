using System.Net;
using System.Net.Sockets;
using System.Text.Json;
using Amazon.Runtime;
using Amazon.Runtime.Credentials.Internal;
using Amazon.Runtime.Endpoints;
using Amazon.Runtime.Internal;
using Amazon.Runtime.Internal.Auth;
using Amazon.Runtime.Internal.Transform;
using Amazon.Runtime.Internal.Util;
using Amazon.Util.Internal;

namespace BoxerMpi.Aws.Internal;

/// <summary>One request of the Lambda API.</summary>
/// <param name="Operation">Name in the API model.</param>
/// <param name="Method">HTTP method.</param>
/// <param name="Path">With <c>{Name}</c> where the function's name goes.</param>
/// <param name="Name">The function's name, or null.</param>
/// <param name="Body">JSON, or empty for none.</param>
internal sealed record ApiRequest(string Operation, string Method, string Path, string? Name, ReadOnlyMemory<byte> Body)
{
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    public IReadOnlyDictionary<string, string> Query { get; init; } = new Dictionary<string, string>();
}

/// <summary>Its answer.</summary>
internal sealed record ApiResponse(byte[] Body, IReadOnlyDictionary<string, string> Headers);

/// <summary>
/// The requests' way to AWS: AWSSDK.Core's pipeline with credentials, SigV4, endpoints and retries, used as a generated client uses it.
/// With its HTTP client, nothing else knows the SDK.
/// </summary>
internal sealed class LambdaTransport : AmazonServiceClient
{
    private const string Namespace = "Amazon.Lambda";

    private LambdaTransport(Settings config)
        : base(config)
    {
    }

    private LambdaTransport(AWSCredentials credentials, Settings config)
        : base(credentials, config)
    {
    }

    public string RegionName => Config.AuthenticationRegion;

    /// <param name="options">Where and as whom.</param>
    /// <param name="timeout">Longest wait for an answer.</param>
    /// <param name="once">Each request leaves at most once: no retries of any kind.</param>
    /// <exception cref="LambdaException">There is no region, or a value is not allowed.</exception>
    public static LambdaTransport Create(LambdaClientOptions options, TimeSpan timeout, bool once)
    {
        Settings config = new() { Timeout = timeout, HttpClientFactory = new KeepAliveFactory(timeout) };
        if (once)
        {
            // Unset, the SDK would give up after 100 s and send the same request again, twice; and ten times more when
            // a pooled connection breaks.
            config.MaxErrorRetry = 0;
            config.MaxStaleConnectionRetries = 0;
        }

        string region = options.Region ?? config.RegionEndpoint?.SystemName ?? throw new LambdaException(
            LambdaFailure.NoRegion, "No AWS region is set: give one, set AWS_REGION, or put it into the profile (aws configure).");
        if (options.EndpointUrl is { } url)
            config.ServiceURL = url;
        else
            config.RegionEndpoint = Amazon.RegionEndpoint.GetBySystemName(region);
        config.AuthenticationRegion = region;
        return options.Credentials is not { } keys
            ? new LambdaTransport(config)
            : new LambdaTransport(
                keys.SessionToken is { } token
                    ? new SessionAWSCredentials(keys.AccessKey, keys.SecretKey, token)
                    : new BasicAWSCredentials(keys.AccessKey, keys.SecretKey),
                config);
    }

    /// <exception cref="LambdaException">There is no good answer.</exception>
    public async Task<ApiResponse> SendAsync(ApiRequest request, CancellationToken cancellationToken)
    {
        InvokeOptions options = new() { RequestMarshaller = Marshaller.Instance, ResponseUnmarshaller = Unmarshaller.Instance };
        try
        {
            Response response = await InvokeAsync<Response>(new Request(request), options, cancellationToken).ConfigureAwait(false);
            return response.Content;
        }
        catch (AmazonServiceException error) when (error.StatusCode != 0)
        {
            throw Refused(request, error);
        }
        catch (Exception failure) when (failure is AmazonClientException or AmazonServiceException or HttpRequestException or IOException or TimeoutException
            || (failure is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            throw Unanswered(request, failure);
        }
    }

    protected override IServiceMetadata ServiceMetadata => Metadata.Instance;

    protected override void CustomizeRuntimePipeline(RuntimePipeline pipeline)
    {
        pipeline.RemoveHandler<Amazon.Runtime.Internal.EndpointResolver>();
        pipeline.AddHandlerAfter<Amazon.Runtime.Internal.Marshaller>(new RegionEndpoints());
        pipeline.AddHandlerAfter<Amazon.Runtime.Internal.Marshaller>(new AlwaysSigV4());
    }

    private LambdaException Refused(ApiRequest request, AmazonServiceException error)
    {
        LambdaFailure failure = error.StatusCode switch
        {
            HttpStatusCode.TooManyRequests => LambdaFailure.Throttled,
            HttpStatusCode.NotFound => LambdaFailure.NotFound,
            HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed => LambdaFailure.Conflict,
            HttpStatusCode.RequestEntityTooLarge => LambdaFailure.TooLarge,
            HttpStatusCode.Forbidden or HttpStatusCode.Unauthorized => LambdaFailure.Denied,
            HttpStatusCode.BadRequest => LambdaFailure.Invalid,
            >= HttpStatusCode.InternalServerError => LambdaFailure.Service,
            _ => LambdaFailure.Other,
        };
        return new LambdaException(failure, $"{Subject(request)}: {error.Message} ({error.ErrorCode}){Proxy}", error)
        {
            Code = error.ErrorCode,
            ThrottleReason = error.Data[nameof(LambdaException.ThrottleReason)] as string,
            RequestId = error.RequestId,
            MayHaveRun = failure == LambdaFailure.Service && request.Operation == "Invoke",
        };
    }

    private LambdaException Unanswered(ApiRequest request, Exception failure)
    {
        for (Exception? cause = failure; cause is not null; cause = cause.InnerException)
        {
            if (cause is HttpRequestException or SocketException or IOException or TimeoutException or OperationCanceledException)
            {
                // Refused or unknown hosts have seen nothing; anything later may have.
                bool sent = cause is not HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError };
                return new LambdaException(
                    LambdaFailure.Unreachable,
                    $"{Subject(request)}: no answer from {Endpoint}{Proxy} ({cause.Message}). Is the region or the endpoint right, and is it " +
                    $"reachable?",
                    failure)
                { MayHaveRun = sent && request.Operation == "Invoke" };
            }
        }

        bool noCredentials = failure is AmazonClientException && failure is not AmazonServiceException;
        return noCredentials
            ? new LambdaException(
                LambdaFailure.NoCredentials,
                "No AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE, or run aws configure. " +
                failure.Message,
                failure)
            : new LambdaException(LambdaFailure.Other, $"{Subject(request)}: {failure.Message}", failure);
    }

    private string Endpoint => Config.ServiceURL ?? $"Lambda in {RegionName}";

    // A proxy may be what did not answer, or what did.
    private string Proxy => SystemProxy.Mention(Config.ServiceURL ?? RegionProvider.Url(RegionName));

    private static string Subject(ApiRequest request) =>
        request.Name is null ? request.Operation : $"{request.Operation} of {request.Name}";

    private sealed class Request(ApiRequest content) : AmazonWebServiceRequest
    {
        public ApiRequest Content { get; } = content;
    }

    private sealed class Response : AmazonWebServiceResponse
    {
        public ApiResponse Content { get; init; } = new([], new Dictionary<string, string>());
    }

    private sealed class Settings : ClientConfig
    {
        private static readonly string Agent = InternalSDKUtils.BuildUserAgentString("Lambda", "boxermpi");

        public Settings()
            : base(new DefaultConfigurationProvider(
                [new DefaultConfiguration { Name = DefaultConfigurationMode.Standard, RetryMode = RequestRetryMode.Standard }]))
        {
            ServiceId = "Lambda";
            AuthenticationServiceName = "lambda";
            EndpointProvider = new RegionProvider();
        }

        public override string ServiceVersion => "2015-03-31";

        public override string UserAgent => Agent;

        public override string RegionEndpointServiceName => "lambda";

        public override Endpoint DetermineServiceOperationEndpoint(ServiceOperationEndpointParameters parameters) =>
            EndpointProvider.ResolveEndpoint(Parameters(this));

        public static EndpointParameters Parameters(IClientConfig config) =>
            new() { ["Endpoint"] = config.ServiceURL, ["Region"] = config.RegionEndpoint?.SystemName ?? config.AuthenticationRegion };
    }

    /// <summary>https://lambda.REGION.SUFFIX, unless an address was given.</summary>
    private sealed class RegionProvider : IEndpointProvider
    {
        public Endpoint ResolveEndpoint(EndpointParameters parameters)
        {
            if (parameters["Endpoint"] is string { Length: > 0 } url)
                return new Endpoint(url);
            return new Endpoint(Url((string)parameters["Region"]));
        }

        public static string Url(string region) => $"https://lambda.{region}.{Amazon.RegionEndpoint.GetBySystemName(region).PartitionDnsSuffix}";
    }

    private sealed class RegionEndpoints : BaseEndpointResolver
    {
        protected override EndpointParameters MapEndpointsParameters(IRequestContext requestContext) =>
            Settings.Parameters(requestContext.ClientConfig);
    }

    private sealed class AlwaysSigV4 : BaseAuthResolverHandler
    {
        protected override List<IAuthSchemeOption> ResolveAuthOptions(IExecutionContext executionContext) => AuthSchemeOption.DEFAULT_SIGV4;
    }

    private sealed class Marshaller : IMarshaller<IRequest, AmazonWebServiceRequest>
    {
        public static readonly Marshaller Instance = new();

        public IRequest Marshall(AmazonWebServiceRequest input)
        {
            ApiRequest content = ((Request)input).Content;
            DefaultRequest request = new(input, Namespace)
            {
                HttpMethod = content.Method,
                ResourcePath = content.Path,
                UseQueryString = content.Query.Count > 0,
            };
            if (content.Name is { } name)
                request.AddPathResource("{Name}", name);
            if (content.Body.Length > 0)
            {
                request.Content = content.Body.ToArray();
                request.Headers["Content-Type"] = "application/json";
            }

            foreach ((string header, string value) in content.Headers)
                request.Headers[header] = value;
            foreach ((string parameter, string value) in content.Query)
                request.Parameters.Add(parameter, value);
            return request;
        }
    }

    private sealed class Unmarshaller : JsonResponseUnmarshaller
    {
        public static readonly Unmarshaller Instance = new();

        public override AmazonWebServiceResponse Unmarshall(JsonUnmarshallerContext input)
        {
            Dictionary<string, string> headers = new(StringComparer.OrdinalIgnoreCase);
            foreach (string name in input.ResponseData.GetHeaderNames())
                headers[name] = input.ResponseData.GetHeaderValue(name);
            return new Response { Content = new ApiResponse(ReadAll(input), headers) };
        }

        public override AmazonServiceException UnmarshallException(
            JsonUnmarshallerContext input, Exception innerException, HttpStatusCode statusCode)
        {
            // A name may be followed by the namespace that it is from.
            string code = input.ResponseData.GetHeaderValue("x-amzn-ErrorType")?.Split(':')[0] ?? "";
            (string? message, string? reason) = Explanation(ReadAll(input));
            AmazonServiceException error = new(
                message ?? $"the service answered {(int)statusCode}",
                innerException,
                ErrorType.Unknown,
                code.Length > 0 ? code : statusCode.ToString(),
                input.ResponseData.GetHeaderValue("x-amzn-RequestId") ?? "",
                statusCode);
            error.Data[nameof(LambdaException.ThrottleReason)] = reason;
            return error;
        }

        protected override bool ShouldReadEntireResponse(IWebResponseData response, bool readEntireResponse) => false;

        private static byte[] ReadAll(JsonUnmarshallerContext input)
        {
            using MemoryStream body = new();
            input.Stream.CopyTo(body);
            return body.ToArray();
        }

        private static (string? Message, string? Reason) Explanation(byte[] body)
        {
            try
            {
                ServiceErrorAnswer? answer = JsonSerializer.Deserialize(body, LambdaJson.Default.ServiceErrorAnswer);
                return (answer?.Message ?? answer?.CapitalMessage, answer?.Reason);
            }
            catch (JsonException)
            {
                // A proxy's page, for instance: the status says what there is to say.
                return (null, null);
            }
        }
    }

    private sealed class Metadata : IServiceMetadata
    {
        public static readonly Metadata Instance = new();

        public string ServiceId => "Lambda";

        public IDictionary<string, string> OperationNameMapping { get; } = new Dictionary<string, string>();
    }
}
