using System.Globalization;
using BoxerMpi.LambdaService.Execution;
using BoxerMpi.LambdaService.Functions;
using BoxerMpi.LambdaService.Http;

namespace BoxerMpi.LambdaService.Api;

/// <summary>Create, read, update, delete and list.</summary>
internal sealed class FunctionOperations(LambdaServiceOptions options, FunctionStore functions, EnvironmentPool pool) : IDisposable
{
    private const int MostListed = 50;
    private const string Functions = "/2015-03-31/functions";

    // Downloads of code need no signature on the real service either: their address carries one.
    private readonly string _downloadKey = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _end = new();

    public IEnumerable<ApiOperation> All =>
    [
        new("CreateFunction", "POST", Functions, 201, CreateAsync),
        new("ListFunctions", "GET", Functions, 200, ListAsync),
        new("GetFunction", "GET", Functions + "/{FunctionName}", 200, GetAsync),
        new("GetFunctionConfiguration", "GET", Functions + "/{FunctionName}/configuration", 200, GetConfigurationAsync),
        new("UpdateFunctionCode", "PUT", Functions + "/{FunctionName}/code", 200, UpdateCodeAsync),
        new("UpdateFunctionConfiguration", "PUT", Functions + "/{FunctionName}/configuration", 200, UpdateConfigurationAsync),
        new("DeleteFunction", "DELETE", Functions + "/{FunctionName}", 204, DeleteAsync),
        new("DownloadCode", "GET", "/code/{Key}/{FunctionName}", 200, DownloadAsync) { IsPublic = true },
    ];

    /// <summary>Changes that are still to become active never do.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _end.Dispose();
    }

    private async Task CreateAsync(ApiRequest request)
    {
        CreateFunctionRequest wanted = request.Read<CreateFunctionRequest>();
        FunctionId id = FunctionId.Parse(
            wanted.FunctionName ?? throw ApiException.Violation("functionName", null, "Member must not be null"), null, options);
        if (wanted.PackageType is not (null or "Zip"))
            throw ApiException.Invalid("This local service runs zip packages only, no container images.");
        NoVersions(wanted.Publish);
        FunctionSettings settings = SettingsCheck.Create(wanted);
        LambdaFunction function = functions.Add(
            id, settings, await ZipAsync(wanted.Code?.ZipFile, wanted.Code?.S3Bucket, wanted.Code?.S3Key, wanted.Code?.ImageUri), _end.Token);
        options.Log?.Invoke($"{function.Name} created, {function.Revision.Code.Zip.Length} bytes");
        FunctionConfiguration answer = FunctionConfiguration.Of(function);
        ActivateSoon(function);
        await request.AnswerAsync(answer);
    }

    private Task GetAsync(ApiRequest request)
    {
        LambdaFunction function = Named(request);
        string location = $"http://{request.Context.Request.Host}/code/{_downloadKey}/{function.Name}";
        return request.AnswerAsync(new GetFunctionResponse(
            FunctionConfiguration.Of(function),
            new CodeLocation("S3", location),
            function.Reserved is { } reserved ? new ConcurrencyMember(reserved) : null));
    }

    private Task GetConfigurationAsync(ApiRequest request) => request.AnswerAsync(FunctionConfiguration.Of(Named(request)));

    private Task ListAsync(ApiRequest request)
    {
        string marker = request.Query("Marker") ?? "";
        if (!int.TryParse(request.Query("MaxItems") ?? "50", NumberStyles.None, CultureInfo.InvariantCulture, out int most) || most < 1)
            throw ApiException.Violation("maxItems", request.Query("MaxItems"), "Member must have value greater than or equal to 1");
        LambdaFunction[] rest = [.. functions.All.Where(function => string.CompareOrdinal(function.Name, marker) > 0)];
        LambdaFunction[] page = [.. rest.Take(Math.Min(most, MostListed))];
        return request.AnswerAsync(new ListFunctionsResponse(
            [.. page.Select(function => FunctionConfiguration.Of(function, withState: false))],
            page.Length < rest.Length ? page[^1].Name : null));
    }

    private async Task UpdateCodeAsync(ApiRequest request)
    {
        LambdaFunction function = Named(request);
        UpdateFunctionCodeRequest wanted = request.Read<UpdateFunctionCodeRequest>();
        NoVersions(wanted.Publish);
        byte[] zip = await ZipAsync(wanted.ZipFile, wanted.S3Bucket, wanted.S3Key, wanted.ImageUri);
        string? architecture = SettingsCheck.Architecture(wanted.Architectures);
        CodePackage code = functions.Unpack(zip, _end.Token);
        if (wanted.DryRun)
        {
            code.Delete();
            await request.AnswerAsync(FunctionConfiguration.Of(function));
            return;
        }

        try
        {
            await UpdateAsync(request, function, wanted.RevisionId, before => before with
            {
                Code = code,
                Settings = before.Settings with { Architecture = architecture ?? before.Settings.Architecture },
            });
        }
        catch (ApiException)
        {
            code.Delete();
            throw;
        }
    }

    private Task UpdateConfigurationAsync(ApiRequest request)
    {
        LambdaFunction function = Named(request);
        UpdateFunctionConfigurationRequest wanted = request.Read<UpdateFunctionConfigurationRequest>();
        FunctionSettings settings = SettingsCheck.Change(function.Revision.Settings, wanted);
        return UpdateAsync(request, function, wanted.RevisionId, before => before with { Settings = settings });
    }

    private async Task UpdateAsync(
        ApiRequest request, LambdaFunction function, string? expected, Func<FunctionRevision, FunctionRevision> change)
    {
        FunctionRevision? replaced = function.TryUpdate(change, expected, options.Time.GetUtcNow(), out bool pending);
        if (pending)
        {
            throw ApiException.Conflict(
                $"The operation cannot be performed at this time. An update is in progress for resource: {function.Arn}");
        }

        if (replaced is null)
        {
            throw new ApiException(
                412,
                "PreconditionFailedException",
                "The RevisionId provided does not match the latest RevisionId. Call the GetFunction/GetAlias API to retrieve the latest " +
                "RevisionId");
        }

        options.Log?.Invoke($"{function.Name} updated");
        FunctionConfiguration answer = FunctionConfiguration.Of(function);
        ActivateSoon(function);
        await pool.EndAsync(replaced);
        await request.AnswerAsync(answer);
    }

    private async Task DeleteAsync(ApiRequest request)
    {
        LambdaFunction function = functions.Remove(Id(request));
        await pool.EndAsync(function.Revision);
        options.Log?.Invoke($"{function.Name} deleted");
        await request.AnswerAsync();
    }

    private Task DownloadAsync(ApiRequest request)
    {
        if (request.Values[0] != _downloadKey)
            throw new ApiException(403, "AccessDeniedException", "Access Denied");
        LambdaFunction function = functions.Get(FunctionId.Parse(request.Values[1], null, options));
        return Bodies.WriteAsync(request.Context, 200, function.Revision.Code.Zip, "application/zip");
    }

    private FunctionId Id(ApiRequest request) => FunctionId.Parse(request.Values[0], request.Query("Qualifier"), options);

    private LambdaFunction Named(ApiRequest request) => functions.Get(Id(request));

    private void ActivateSoon(LambdaFunction function)
    {
        if (options.ActivationDelay == TimeSpan.Zero)
            function.Activate();
        else
            _ = ActivateAsync(function, _end.Token);
    }

    private async Task ActivateAsync(LambdaFunction function, CancellationToken end)
    {
        try
        {
            await Task.Delay(options.ActivationDelay, options.Time, end);
            function.Activate();
        }
        catch (OperationCanceledException)
        {
            // The service ends.
        }
    }

    private async Task<byte[]> ZipAsync(byte[]? zip, string? bucket, string? key, string? image)
    {
        if (bucket is not null && options.ReadObject is null)
            throw ApiException.Invalid($"Error occurred while GetObject. S3 Error Code: NoSuchBucket. S3 Error Message: This local service has no S3, so no bucket {bucket}");
        if (bucket is not null)
            return await ReadObjectAsync(bucket, key ?? throw ApiException.Invalid("S3Bucket takes S3Key beside it."));
        if (image is not null)
            throw ApiException.Invalid("This local service runs zip packages only, no container images.");
        if (zip is null)
            throw ApiException.Invalid("Please provide a source for function code.");
        return zip.Length <= CodePackage.LongestDirectZip
            ? zip
            : throw ApiException.TooLarge($"Zipped size must be smaller than {CodePackage.LongestDirectZip} bytes");
    }

    private async Task<byte[]> ReadObjectAsync(string bucket, string key)
    {
        try
        {
            return await options.ReadObject!(bucket, key, _end.Token);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            throw ApiException.Invalid($"Error occurred while GetObject. S3 Error Message: {failure.Message}");
        }
    }

    private static void NoVersions(bool publish)
    {
        if (publish)
            throw ApiException.Invalid("This local service keeps $LATEST only and publishes no versions.");
    }
}
