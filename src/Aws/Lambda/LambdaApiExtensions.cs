namespace BoxerMpi.Aws;

/// <summary>What takes several requests.</summary>
public static class LambdaApiExtensions
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    /// <summary>Waits until what was last uploaded is what runs.</summary>
    /// <param name="lambda">The service.</param>
    /// <param name="name">The function.</param>
    /// <param name="limit">How long to wait.</param>
    /// <param name="time">Clock; null for the system's.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="LambdaException">There is no such function, it has failed, or it is not ready in time.</exception>
    public static async Task<FunctionInfo> WaitUntilReadyAsync(
        this ILambdaApi lambda, string name, TimeSpan limit, TimeProvider? time = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(lambda);
        time ??= TimeProvider.System;
        long started = time.GetTimestamp();
        for (TimeSpan pause = TimeSpan.FromMilliseconds(100); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            FunctionInfo function = await lambda.FindFunctionAsync(name, cancellationToken).ConfigureAwait(false)
                ?? throw new LambdaException(LambdaFailure.NotFound, $"There is no function {name}.");
            if (function.IsReady)
                return function;
            if (function.HasFailed)
                throw new LambdaException(
                    LambdaFailure.Invalid, $"Function {name} cannot be used: {function.Reason ?? "Lambda gives no reason"}.");
            if (time.GetElapsedTime(started) >= limit)
            {
                throw new LambdaException(
                    LambdaFailure.Conflict,
                    $"Function {name} is not ready after {limit.TotalSeconds:F0} s: state {function.State}, update " +
                    $"{function.UpdateStatus}. {function.Reason}");
            }

            await Task.Delay(pause, time, cancellationToken).ConfigureAwait(false);
        }
    }
}
