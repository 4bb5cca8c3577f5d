using BoxerMpi.LambdaService.Functions;
using BoxerMpi.LambdaService.Http;
using BoxerMpi.LambdaService.Invocations;

namespace BoxerMpi.LambdaService.Api;

/// <summary>Limits: reserved concurrency, what becomes of events, the account's settings.</summary>
internal sealed class AccountOperations(LambdaServiceOptions options, FunctionStore functions, ConcurrencyLimit limit)
{
    private const string Concurrency = "/2017-10-31/functions/{FunctionName}/concurrency";
    private const string EventConfig = "/2019-09-25/functions/{FunctionName}/event-invoke-config";

    public IEnumerable<ApiOperation> All =>
    [
        new("PutFunctionConcurrency", "PUT", Concurrency, 200, PutConcurrencyAsync),
        new("DeleteFunctionConcurrency", "DELETE", Concurrency, 204, DeleteConcurrencyAsync),
        new("GetFunctionConcurrency", "GET", "/2019-09-30/functions/{FunctionName}/concurrency", 200, GetConcurrencyAsync),
        new("PutFunctionEventInvokeConfig", "PUT", EventConfig, 200, request => PutEventConfigAsync(request, EventSettings.Default)),
        new("UpdateFunctionEventInvokeConfig", "POST", EventConfig, 200, request => PutEventConfigAsync(request, Events(request))),
        new("GetFunctionEventInvokeConfig", "GET", EventConfig, 200, request => AnswerAsync(request, Events(request))),
        new("DeleteFunctionEventInvokeConfig", "DELETE", EventConfig, 204, DeleteEventConfigAsync),
        new("GetAccountSettings", "GET", "/2016-08-19/account-settings", 200, GetAccountAsync),
    ];

    private Task PutConcurrencyAsync(ApiRequest request)
    {
        LambdaFunction function = Named(request);
        int wanted = request.Read<ConcurrencyMember>().ReservedConcurrentExecutions
            ?? throw ApiException.Violation("reservedConcurrentExecutions", null, "Member must not be null");
        if (wanted < 0)
            throw ApiException.Violation("reservedConcurrentExecutions", wanted, "Member must have value greater than or equal to 0");
        if (limit.Unreserved + (function.Reserved ?? 0) < wanted)
            throw ApiException.Invalid($"Specified ReservedConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [0].");
        function.Reserved = wanted;
        limit.Changed();
        return request.AnswerAsync(new ConcurrencyMember(wanted));
    }

    private Task GetConcurrencyAsync(ApiRequest request) => request.AnswerAsync(new ConcurrencyMember(Named(request).Reserved));

    private Task DeleteConcurrencyAsync(ApiRequest request)
    {
        Named(request).Reserved = null;
        limit.Changed();
        return request.AnswerAsync();
    }

    private Task PutEventConfigAsync(ApiRequest request, EventSettings before)
    {
        LambdaFunction function = Named(request);
        EventConfigRequest wanted = request.Read<EventConfigRequest>();
        if (wanted.MaximumRetryAttempts is < 0 or > 2)
            throw ApiException.Violation("maximumRetryAttempts", wanted.MaximumRetryAttempts, "Member must have value between 0 and 2");
        if (wanted.MaximumEventAgeInSeconds is < 60 or > 21_600)
            throw ApiException.Violation(
                "maximumEventAgeInSeconds", wanted.MaximumEventAgeInSeconds, "Member must have value between 60 and 21600");
        function.Events = new EventSettings(
            wanted.MaximumRetryAttempts ?? before.Retries, wanted.MaximumEventAgeInSeconds ?? before.OldestSeconds,
            options.Time.GetUtcNow());
        return AnswerAsync(request, function.Events);
    }

    private Task DeleteEventConfigAsync(ApiRequest request)
    {
        _ = Events(request);
        Named(request).Events = null;
        return request.AnswerAsync();
    }

    private Task GetAccountAsync(ApiRequest request)
    {
        long size = functions.All.Sum(function => (long)function.Revision.Code.Zip.Length);
        return request.AnswerAsync(new AccountSettingsResponse(
            new AccountLimit(80_530_636_800, 262_144_000, 52_428_800, limit.Account, limit.Unreserved),
            new AccountUsage(size, functions.All.Count)));
    }

    private EventSettings Events(ApiRequest request)
    {
        LambdaFunction function = Named(request);
        return function.Events
            ?? throw new ApiException(
                404, "ResourceNotFoundException", $"The function {function.Arn}:{FunctionId.Latest} doesn't have an EventInvokeConfig");
    }

    private Task AnswerAsync(ApiRequest request, EventSettings settings)
    {
        // The API gives this one time as seconds since 1970.
        double changed = settings.Changed.ToUnixTimeMilliseconds() / 1000.0;
        return request.AnswerAsync(
            new EventConfigResponse(changed, $"{Named(request).Arn}:{FunctionId.Latest}", settings.Retries, settings.OldestSeconds));
    }

    private LambdaFunction Named(ApiRequest request) =>
        functions.Get(FunctionId.Parse(request.Values[0], request.Query("Qualifier"), options));
}
