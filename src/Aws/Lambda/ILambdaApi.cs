namespace BoxerMpi.Aws;

/// <summary>What is asked of AWS Lambda; nothing of any SDK crosses it, so that another client can stand behind it (docs/aws.md).</summary>
/// <remarks>All methods throw <see cref="LambdaException"/>, whose reason tells what is to be done, or are cancelled.</remarks>
public interface ILambdaApi : IDisposable
{
    /// <summary>
    /// Invokes a function. The request leaves at most once: it is never repeated on its own, whatever happens on the way.
    /// </summary>
    /// <remarks>
    /// A function that fails is a result with <see cref="InvocationResult.Error"/>, not an exception. When the exception says
    /// <see cref="LambdaException.MayHaveRun"/> nobody knows whether the function has been started.
    /// </remarks>
    Task<InvocationResult> InvokeAsync(Invocation invocation, CancellationToken cancellationToken = default);

    /// <summary>What there is to know of a function, or null when there is none of that name.</summary>
    Task<FunctionInfo?> FindFunctionAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>Creates a function; it may be invoked when it is <see cref="FunctionInfo.IsReady"/>.</summary>
    Task<FunctionInfo> CreateFunctionAsync(FunctionSpec function, FunctionCode code, CancellationToken cancellationToken = default);

    /// <summary>Replaces a function's code; the new one runs when it is <see cref="FunctionInfo.IsReady"/>.</summary>
    Task<FunctionInfo> UpdateFunctionCodeAsync(
        string name, FunctionCode code, string architecture, CancellationToken cancellationToken = default);

    /// <summary>Changes everything of a function but its code and its architecture.</summary>
    Task<FunctionInfo> UpdateFunctionConfigurationAsync(FunctionSpec function, CancellationToken cancellationToken = default);

    /// <summary>Says how often Lambda repeats an asynchronous invocation that failed.</summary>
    /// <param name="name">The function.</param>
    /// <param name="retries">0 to 2; Lambda's own default is 2, which would start a failed rank again.</param>
    /// <param name="oldest">Age at which an event that could not start is given up: 60 s to 6 h.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task SetEventRetriesAsync(string name, int retries, TimeSpan oldest, CancellationToken cancellationToken = default);

    /// <summary>Deletes a function.</summary>
    Task DeleteFunctionAsync(string name, CancellationToken cancellationToken = default);

    /// <summary>All functions of the account in the region.</summary>
    Task<IReadOnlyList<FunctionInfo>> ListFunctionsAsync(CancellationToken cancellationToken = default);
}
