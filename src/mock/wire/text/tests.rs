//! Properties every layout has at every version that speaks text.

use prost::Message;

use super::draw::Draw;
use super::{BarsWithWindow, Layout, Tape};
use crate::wire::{ReplyKind, RequestKind, ServerVersion, pb};

const SEEDS: u64 = 4;

fn drawn<M: Layout + Default>(version: ServerVersion, id: u32, seed: u64) -> M {
    Tape::drawer(version, id, Draw::new(seed)).message()
}

fn written<M: Layout + Clone>(version: ServerVersion, id: u32, message: &M) -> Vec<u8> {
    let mut fields = Vec::new();
    message.clone().lay(&mut Tape::writer(version, id, &mut fields));
    fields
}

/// What text writes text reads back, to the last field.
fn read_back<M: Layout + Default>(version: ServerVersion, id: u32, fields: &[u8]) -> M {
    let mut tape = Tape::reader(version, id, fields);
    let read = tape.message();
    assert_eq!(tape.left(), 0, "{version:?} message {id}");
    assert_eq!(tape.into_flaw(), None, "{version:?} message {id}");
    read
}

fn check<M>(id: u32)
where
    M: Layout + Message + Default + Clone + PartialEq + std::fmt::Debug,
{
    for version in (157..=212).map(ServerVersion) {
        for seed in 1..=SEEDS {
            let message: M = drawn(version, id, seed * 1000 + u64::from(id));
            let in_text: M = read_back(version, id, &written(version, id, &message));
            let in_protobuf = M::decode(message.encode_to_vec().as_slice()).unwrap();
            assert_eq!(in_text, message, "{version:?} message {id} seed {seed}");
            assert_eq!(in_protobuf, message, "{version:?} message {id} seed {seed}");
        }
    }
}

macro_rules! check_each {
    ($($kind:path: $message:ty,)+) => {
        $(check::<$message>($kind.id());)+
    };
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of messages")]
fn test_requests_mean_the_same_in_text_and_in_protobuf() {
    check_each! {
        RequestKind::ReqMktData: pb::MarketDataRequest,
        RequestKind::CancelMktData: pb::CancelMarketData,
        RequestKind::PlaceOrder: pb::PlaceOrderRequest,
        RequestKind::CancelOrder: pb::CancelOrderRequest,
        RequestKind::ReqOpenOrders: pb::OpenOrdersRequest,
        RequestKind::ReqAcctData: pb::AccountDataRequest,
        RequestKind::ReqExecutions: pb::ExecutionRequest,
        RequestKind::ReqIds: pb::IdsRequest,
        RequestKind::ReqContractData: pb::ContractDataRequest,
        RequestKind::ReqMktDepth: pb::MarketDepthRequest,
        RequestKind::CancelMktDepth: pb::CancelMarketDepth,
        RequestKind::ReqNewsBulletins: pb::NewsBulletinsRequest,
        RequestKind::CancelNewsBulletins: pb::CancelNewsBulletins,
        RequestKind::SetServerLoglevel: pb::SetServerLogLevelRequest,
        RequestKind::ReqAutoOpenOrders: pb::AutoOpenOrdersRequest,
        RequestKind::ReqAllOpenOrders: pb::AllOpenOrdersRequest,
        RequestKind::ReqManagedAccts: pb::ManagedAccountsRequest,
        RequestKind::ReqFa: pb::FARequest,
        RequestKind::ReplaceFa: pb::FAReplace,
        RequestKind::ReqHistoricalData: pb::HistoricalDataRequest,
        RequestKind::ExerciseOptions: pb::ExerciseOptionsRequest,
        RequestKind::ReqScannerSubscription: pb::ScannerSubscriptionRequest,
        RequestKind::CancelScannerSubscription: pb::CancelScannerSubscription,
        RequestKind::ReqScannerParameters: pb::ScannerParametersRequest,
        RequestKind::CancelHistoricalData: pb::CancelHistoricalData,
        RequestKind::ReqCurrentTime: pb::CurrentTimeRequest,
        RequestKind::ReqRealTimeBars: pb::RealTimeBarsRequest,
        RequestKind::CancelRealTimeBars: pb::CancelRealTimeBars,
        RequestKind::ReqFundamentalData: pb::FundamentalsDataRequest,
        RequestKind::CancelFundamentalData: pb::CancelFundamentalsData,
        RequestKind::ReqCalcImpliedVolat: pb::CalculateImpliedVolatilityRequest,
        RequestKind::ReqCalcOptionPrice: pb::CalculateOptionPriceRequest,
        RequestKind::CancelCalcImpliedVolat: pb::CancelCalculateImpliedVolatility,
        RequestKind::CancelCalcOptionPrice: pb::CancelCalculateOptionPrice,
        RequestKind::ReqGlobalCancel: pb::GlobalCancelRequest,
        RequestKind::ReqMarketDataType: pb::MarketDataTypeRequest,
        RequestKind::ReqPositions: pb::PositionsRequest,
        RequestKind::ReqAccountSummary: pb::AccountSummaryRequest,
        RequestKind::CancelAccountSummary: pb::CancelAccountSummary,
        RequestKind::CancelPositions: pb::CancelPositions,
        RequestKind::VerifyRequest: pb::VerifyRequest,
        RequestKind::VerifyMessage: pb::VerifyMessageRequest,
        RequestKind::QueryDisplayGroups: pb::QueryDisplayGroupsRequest,
        RequestKind::SubscribeToGroupEvents: pb::SubscribeToGroupEventsRequest,
        RequestKind::UpdateDisplayGroup: pb::UpdateDisplayGroupRequest,
        RequestKind::UnsubscribeFromGroupEvents: pb::UnsubscribeFromGroupEventsRequest,
        RequestKind::StartApi: pb::StartApiRequest,
        RequestKind::ReqPositionsMulti: pb::PositionsMultiRequest,
        RequestKind::CancelPositionsMulti: pb::CancelPositionsMulti,
        RequestKind::ReqAccountUpdatesMulti: pb::AccountUpdatesMultiRequest,
        RequestKind::CancelAccountUpdatesMulti: pb::CancelAccountUpdatesMulti,
        RequestKind::ReqSecDefOptParams: pb::SecDefOptParamsRequest,
        RequestKind::ReqSoftDollarTiers: pb::SoftDollarTiersRequest,
        RequestKind::ReqFamilyCodes: pb::FamilyCodesRequest,
        RequestKind::ReqMatchingSymbols: pb::MatchingSymbolsRequest,
        RequestKind::ReqMktDepthExchanges: pb::MarketDepthExchangesRequest,
        RequestKind::ReqSmartComponents: pb::SmartComponentsRequest,
        RequestKind::ReqNewsArticle: pb::NewsArticleRequest,
        RequestKind::ReqNewsProviders: pb::NewsProvidersRequest,
        RequestKind::ReqHistoricalNews: pb::HistoricalNewsRequest,
        RequestKind::ReqHeadTimestamp: pb::HeadTimestampRequest,
        RequestKind::ReqHistogramData: pb::HistogramDataRequest,
        RequestKind::CancelHistogramData: pb::CancelHistogramData,
        RequestKind::CancelHeadTimestamp: pb::CancelHeadTimestamp,
        RequestKind::ReqMarketRule: pb::MarketRuleRequest,
        RequestKind::ReqPnl: pb::PnLRequest,
        RequestKind::CancelPnl: pb::CancelPnL,
        RequestKind::ReqPnlSingle: pb::PnLSingleRequest,
        RequestKind::CancelPnlSingle: pb::CancelPnLSingle,
        RequestKind::ReqHistoricalTicks: pb::HistoricalTicksRequest,
        RequestKind::ReqTickByTickData: pb::TickByTickRequest,
        RequestKind::CancelTickByTickData: pb::CancelTickByTick,
        RequestKind::ReqCompletedOrders: pb::CompletedOrdersRequest,
        RequestKind::ReqWshMetaData: pb::WshMetaDataRequest,
        RequestKind::CancelWshMetaData: pb::CancelWshMetaData,
        RequestKind::ReqWshEventData: pb::WshEventDataRequest,
        RequestKind::CancelWshEventData: pb::CancelWshEventData,
        RequestKind::ReqUserInfo: pb::UserInfoRequest,
        RequestKind::ReqCurrentTimeInMillis: pb::CurrentTimeInMillisRequest,
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of messages")]
fn test_replies_mean_the_same_in_text_and_in_protobuf() {
    check_each! {
        ReplyKind::TickPrice: pb::TickPrice,
        ReplyKind::TickSize: pb::TickSize,
        ReplyKind::OrderStatus: pb::OrderStatus,
        ReplyKind::ErrMsg: pb::ErrorMessage,
        ReplyKind::OpenOrder: pb::OpenOrder,
        ReplyKind::AcctValue: pb::AccountValue,
        ReplyKind::PortfolioValue: pb::PortfolioValue,
        ReplyKind::AcctUpdateTime: pb::AccountUpdateTime,
        ReplyKind::NextValidId: pb::NextValidId,
        ReplyKind::ContractData: pb::ContractData,
        ReplyKind::ExecutionData: pb::ExecutionDetails,
        ReplyKind::MarketDepth: pb::MarketDepth,
        ReplyKind::MarketDepthL2: pb::MarketDepthL2,
        ReplyKind::NewsBulletins: pb::NewsBulletin,
        ReplyKind::ManagedAccts: pb::ManagedAccounts,
        ReplyKind::ReceiveFa: pb::ReceiveFA,
        ReplyKind::HistoricalData: pb::HistoricalData,
        ReplyKind::BondContractData: pb::ContractData,
        ReplyKind::ScannerParameters: pb::ScannerParameters,
        ReplyKind::ScannerData: pb::ScannerData,
        ReplyKind::TickOptionComputation: pb::TickOptionComputation,
        ReplyKind::TickGeneric: pb::TickGeneric,
        ReplyKind::TickString: pb::TickString,
        ReplyKind::CurrentTime: pb::CurrentTime,
        ReplyKind::RealTimeBars: pb::RealTimeBarTick,
        ReplyKind::FundamentalData: pb::FundamentalsData,
        ReplyKind::ContractDataEnd: pb::ContractDataEnd,
        ReplyKind::OpenOrderEnd: pb::OpenOrdersEnd,
        ReplyKind::AcctDownloadEnd: pb::AccountDataEnd,
        ReplyKind::ExecutionDataEnd: pb::ExecutionDetailsEnd,
        ReplyKind::TickSnapshotEnd: pb::TickSnapshotEnd,
        ReplyKind::MarketDataType: pb::MarketDataType,
        ReplyKind::CommissionAndFeesReport: pb::CommissionAndFeesReport,
        ReplyKind::PositionData: pb::Position,
        ReplyKind::PositionEnd: pb::PositionEnd,
        ReplyKind::AccountSummary: pb::AccountSummary,
        ReplyKind::AccountSummaryEnd: pb::AccountSummaryEnd,
        ReplyKind::VerifyMessageApi: pb::VerifyMessageApi,
        ReplyKind::VerifyCompleted: pb::VerifyCompleted,
        ReplyKind::DisplayGroupList: pb::DisplayGroupList,
        ReplyKind::DisplayGroupUpdated: pb::DisplayGroupUpdated,
        ReplyKind::PositionMulti: pb::PositionMulti,
        ReplyKind::PositionMultiEnd: pb::PositionMultiEnd,
        ReplyKind::AccountUpdateMulti: pb::AccountUpdateMulti,
        ReplyKind::AccountUpdateMultiEnd: pb::AccountUpdateMultiEnd,
        ReplyKind::SecurityDefinitionOptionParameter: pb::SecDefOptParameter,
        ReplyKind::SecurityDefinitionOptionParameterEnd: pb::SecDefOptParameterEnd,
        ReplyKind::SoftDollarTiers: pb::SoftDollarTiers,
        ReplyKind::FamilyCodes: pb::FamilyCodes,
        ReplyKind::SymbolSamples: pb::SymbolSamples,
        ReplyKind::MktDepthExchanges: pb::MarketDepthExchanges,
        ReplyKind::TickReqParams: pb::TickReqParams,
        ReplyKind::SmartComponents: pb::SmartComponents,
        ReplyKind::NewsArticle: pb::NewsArticle,
        ReplyKind::TickNews: pb::TickNews,
        ReplyKind::NewsProviders: pb::NewsProviders,
        ReplyKind::HistoricalNews: pb::HistoricalNews,
        ReplyKind::HistoricalNewsEnd: pb::HistoricalNewsEnd,
        ReplyKind::HeadTimestamp: pb::HeadTimestamp,
        ReplyKind::HistogramData: pb::HistogramData,
        ReplyKind::HistoricalDataUpdate: pb::HistoricalDataUpdate,
        ReplyKind::RerouteMktDataReq: pb::RerouteMarketDataRequest,
        ReplyKind::RerouteMktDepthReq: pb::RerouteMarketDepthRequest,
        ReplyKind::MarketRule: pb::MarketRule,
        ReplyKind::Pnl: pb::PnL,
        ReplyKind::PnlSingle: pb::PnLSingle,
        ReplyKind::HistoricalTicks: pb::HistoricalTicks,
        ReplyKind::HistoricalTicksBidAsk: pb::HistoricalTicksBidAsk,
        ReplyKind::HistoricalTicksLast: pb::HistoricalTicksLast,
        ReplyKind::TickByTick: pb::TickByTickData,
        ReplyKind::OrderBound: pb::OrderBound,
        ReplyKind::CompletedOrder: pb::CompletedOrder,
        ReplyKind::CompletedOrdersEnd: pb::CompletedOrdersEnd,
        ReplyKind::ReplaceFaEnd: pb::ReplaceFAEnd,
        ReplyKind::WshMetaData: pb::WshMetaData,
        ReplyKind::WshEventData: pb::WshEventData,
        ReplyKind::HistoricalSchedule: pb::HistoricalSchedule,
        ReplyKind::UserInfo: pb::UserInfo,
        ReplyKind::HistoricalDataEnd: pb::HistoricalDataEnd,
        ReplyKind::CurrentTimeInMillis: pb::CurrentTimeInMillis,
    }
}

#[test]
fn test_bars_carry_their_window_in_one_message_until_it_has_its_own() {
    let version = ServerVersion(195);
    let id = ReplyKind::HistoricalData.id();
    let drawn: BarsWithWindow = drawn(version, id, 7);

    let read: BarsWithWindow = read_back(version, id, &written(version, id, &drawn));

    assert!(BarsWithWindow::is_one_message(version));
    assert!(!BarsWithWindow::is_one_message(ServerVersion(196)));
    assert_eq!(read.bars, drawn.bars);
    assert_eq!(read.window.start_date_str, drawn.window.start_date_str);
}
