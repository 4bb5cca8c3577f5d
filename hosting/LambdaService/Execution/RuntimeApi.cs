using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using BoxerMpi.LambdaService.Functions;
using BoxerMpi.LambdaService.Http;
using Microsoft.AspNetCore.Http;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>The Runtime API of one environment: the runtime asks for events and hands back what became of them.</summary>
/// <remarks>AWS Lambda developer guide, "Using the Lambda runtime API for custom runtimes", version 2018-06-01.</remarks>
internal sealed class RuntimeApi : IAsyncDisposable
{
    private const string Prefix = "/2018-06-01/runtime/";

    // 6 MB and 100 bytes, as the error of the real service says.
    private const int LongestResponse = 6 * 1024 * 1024 + 100;
    private static readonly byte[] Accepted = Encoding.UTF8.GetBytes("{\"status\":\"OK\"}\n");

    private readonly FunctionRevision _revision;
    private readonly Action _freeze;
    private readonly Action _thaw;
    private readonly TaskCompletionSource<RuntimeReport?> _initialized = new(TaskCreationOptions.RunContinuationsAsynchronously);

    // Protects _queued, _current and _poll, and that an environment with an event is not frozen.
    private readonly Lock _gate = new();
    private Delivery? _queued;
    private Delivery? _current;
    private TaskCompletionSource? _poll;
    private HttpHost? _host;

    private RuntimeApi(FunctionRevision revision, Action freeze, Action thaw)
    {
        _revision = revision;
        _freeze = freeze;
        _thaw = thaw;
    }

    /// <summary>Null once the runtime has asked for its first event; the error that it reported instead.</summary>
    public Task<RuntimeReport?> Initialized => _initialized.Task;

    /// <summary>For AWS_LAMBDA_RUNTIME_API.</summary>
    public string Address => _host!.EndPoint.ToString();

    /// <param name="revision">The function that runs here.</param>
    /// <param name="freeze">Called when the runtime waits for an event and there is none.</param>
    /// <param name="thaw">Called before it gets one.</param>
    /// <param name="network">Where it listens; null for this process's own.</param>
    public static async Task<RuntimeApi> StartAsync(FunctionRevision revision, Action freeze, Action thaw, EnvironmentNetwork? network)
    {
        RuntimeApi api = new(revision, freeze, thaw);

        // A frozen function sends nothing for as long as it is frozen. On the loopback of a network of its own there are no strangers.
        HttpRules rules = new(LongestResponse + 1, TimeSpan.FromHours(1)) { Admit = network is null ? OwnUserOnly.AdmitAsync : null };
        api._host = await HttpHost.StartAsync(
            new IPEndPoint(IPAddress.Loopback, 0), rules, api.HandleAsync, network is null ? null : network.Run);
        return api;
    }

    /// <summary>Queues an event for the runtime; one at a time.</summary>
    public Delivery Deliver(InvocationRequest request, DateTimeOffset deadline)
    {
        Delivery delivery = new(request, deadline);
        lock (_gate)
        {
            _queued = delivery;
            _thaw();
            _poll?.TrySetResult();
        }

        return delivery;
    }

    public ValueTask DisposeAsync() => _host!.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        try
        {
            string path = context.Request.Path.Value ?? "";
            string[] parts = path.StartsWith(Prefix, StringComparison.Ordinal) ? path[Prefix.Length..].Split('/') : [];
            Task handled = (context.Request.Method, parts) switch
            {
                ("GET", ["invocation", "next"]) => NextAsync(context),
                ("POST", ["invocation", string id, "response"]) => ReportAsync(context, id, isError: false),
                ("POST", ["invocation", string id, "error"]) => ReportAsync(context, id, isError: true),
                ("POST", ["init", "error"]) => InitErrorAsync(context),
                _ => RefuseAsync(context, 404, "NotFound", $"{context.Request.Method} {path} is not part of the Runtime API"),
            };
            await handled;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The runtime is gone; its environment notices the end of the process.
        }
        catch (BadHttpRequestException failure)
        {
            await RefuseAsync(context, failure.StatusCode, "BadRequest", failure.Message);
        }
    }

    private async Task NextAsync(HttpContext context)
    {
        _initialized.TrySetResult(null);
        Delivery? delivery = null;
        while (delivery is null)
        {
            TaskCompletionSource poll = new(TaskCreationOptions.RunContinuationsAsynchronously);
            bool isEarly;
            lock (_gate)
            {
                isEarly = _current is { IsAnswered: false };
                if (!isEarly)
                {
                    delivery = _current = _queued;
                    _queued = null;
                    _poll = delivery is null ? poll : null;
                    if (delivery is null)
                        _freeze();
                }
            }

            if (isEarly)
            {
                await RefuseAsync(
                    context, 403, "InvalidStateTransition", "The runtime asks for the next event before it has answered the last one");
                return;
            }

            if (delivery is null)
                await poll.Task.WaitAsync(context.RequestAborted);
        }

        delivery.IsTaken = true;
        try
        {
            await HandOverAsync(context, delivery);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            // Nobody will answer it, so its caller hears of it now.
            delivery.Report(RuntimeReport.Error(
                "Runtime.Undeliverable",
                $"RequestId: {delivery.Request.Id} Error: The event could not be handed to the runtime: {failure.Message}"));
            throw;
        }
    }

    private async Task HandOverAsync(HttpContext context, Delivery delivery)
    {
        InvocationRequest request = delivery.Request;
        IHeaderDictionary headers = context.Response.Headers;
        headers["Lambda-Runtime-Aws-Request-Id"] = request.Id;
        headers["Lambda-Runtime-Deadline-Ms"] = delivery.Deadline.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture);
        headers["Lambda-Runtime-Invoked-Function-Arn"] = _revision.Arn;
        headers["Lambda-Runtime-Trace-Id"] = request.TraceId;
        if (request.ClientContext is { } clientContext)
            headers["Lambda-Runtime-Client-Context"] = clientContext;
        await Bodies.WriteAsync(context, 200, request.Payload);
    }

    private async Task ReportAsync(HttpContext context, string id, bool isError)
    {
        byte[]? body = await Bodies.ReadAsync(context, LongestResponse);
        Delivery? current;
        lock (_gate)
            current = _current;
        if (current is null || current.Request.Id != id || !current.TryAnswer())
        {
            await RefuseAsync(context, 400, "InvalidRequestID", "Invalid request ID");
            return;
        }

        RuntimeReport report = body is null
            ? RuntimeReport.Error(
                "Function.ResponseSizeTooLarge", $"Response payload size exceeded maximum allowed payload size ({LongestResponse} bytes).")
            : new RuntimeReport(isError ? ErrorBody(context, body) : body, isError);
        try
        {
            // The runtime hears of it first: whoever exits right after its answer is then not taken for crashed.
            await (body is null
                ? RefuseAsync(context, 413, "RequestEntityTooLarge", $"Exceeded maximum allowed payload size ({LongestResponse} bytes).")
                : Bodies.WriteAsync(context, 202, Accepted));
            await context.Response.CompleteAsync();
        }
        finally
        {
            current.Report(report);
        }
    }

    private async Task InitErrorAsync(HttpContext context)
    {
        byte[] body = await Bodies.ReadAsync(context, LongestResponse) ?? [];
        if (_initialized.Task.IsCompleted)
        {
            await RefuseAsync(context, 403, "InvalidStateTransition", "The environment is initialized already");
            return;
        }

        await Bodies.WriteAsync(context, 202, Accepted);
        await context.Response.CompleteAsync();
        _initialized.TrySetResult(new RuntimeReport(ErrorBody(context, body), IsError: true));
    }

    /// <summary>The error as the runtime tells it; one that tells nothing has at least its type.</summary>
    private static byte[] ErrorBody(HttpContext context, byte[] body)
    {
        if (body.Length > 0)
            return body;
        string type = context.Request.Headers["Lambda-Runtime-Function-Error-Type"].ToString();
        return RuntimeReport.Error(type.Length > 0 ? type : "Runtime.UnknownReason", "The runtime gave no reason").Body;
    }

    private static Task RefuseAsync(HttpContext context, int status, string type, string message) =>
        Bodies.WriteAsync(context, status, JsonSerializer.SerializeToUtf8Bytes(new { errorMessage = message, errorType = type }));
}

/// <summary>An event that waits for the runtime or is with it.</summary>
internal sealed class Delivery(InvocationRequest request, DateTimeOffset deadline)
{
    private readonly TaskCompletionSource<RuntimeReport> _report = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile bool _taken;
    private int _answered;

    public InvocationRequest Request { get; } = request;

    public DateTimeOffset Deadline { get; } = deadline;

    /// <summary>The runtime has got it: from here on it must not be given to another environment.</summary>
    public bool IsTaken
    {
        get => _taken;
        set => _taken = value;
    }

    public bool IsAnswered => Volatile.Read(ref _answered) != 0;

    /// <summary>True for the first answer only.</summary>
    public bool TryAnswer() => Interlocked.Exchange(ref _answered, 1) == 0;

    public Task<RuntimeReport> Reported => _report.Task;

    public void Report(RuntimeReport report) => _report.TrySetResult(report);
}
